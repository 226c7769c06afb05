// The journal's and the snapshots' contracts on one real Redis server, and who may write there when
// several try.

import test from 'ava';
import type { Redis } from 'ioredis';
import { systemClock } from '../../actors/clock.ts';
import { Archiver } from '../../events/archive/archiver.ts';
import { FolderArchive } from '../../storage/archive/archive-folder.ts';
import { ArchivedJournal } from '../../storage/archive/archived-journal.ts';
import { ArchiveReader } from '../../storage/archive/archive-reader.ts';
import type { JournalEntry } from '../../storage/ports/journal.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { logKey } from '../../storage/redis/connection/keys.ts';
import { RedisSnapshotStore } from '../../storage/redis/journal/snapshots-redis.ts';
import { replayed, sell, takeSnapshot } from '../events/archive/sold-shard.ts';
import { redisInstalled, RedisServer } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { journalContract } from './contract/journal.ts';
import { snapshotsContract } from './contract/snapshots.ts';
import { openConnection, silent } from './redis-fixture.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

let server: RedisServer;
let redis: RedisConnection;
let journal: RedisJournal;
const levels = new ReachedLevel(FEATURE_LEVEL);

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    redis = await connectRedis({ address: server.address, name: 'test', log: silent });
    journal = new RedisJournal({ redis });
  });
  test.after.always(async () => {
    redis.disconnect();
    await server?.stop();
  });
  journalContract(() => ({ journal }));
  snapshotsContract(() => ({ snapshots: new RedisSnapshotStore({ redis, levels }) }));

  test('heads that are asked for at once are few commands, each with its own answer', async (t) => {
    const own = await RedisServer.start();
    t.teardown(() => own.stop());
    const connection = (await openConnection(t, own.address)) as Redis;
    const heads = new RedisJournal({ redis: connection });
    for (const [shard, entries] of [
      [3, 2],
      [150, 1],
    ] as const) {
      const { epoch } = await heads.claim(shard, 'node-1');
      for (let i = 1; i <= entries; i++) await heads.append(shard, epoch, i, Buffer.from('entry'));
    }
    await heads.claim(3, 'node-2');
    await connection.config('RESETSTAT');
    const shards = Array.from({ length: 256 }, (_, shard) => shard);
    const found = await Promise.all(shards.map((shard) => heads.head(shard)));
    const present = new Map([
      [3, { epoch: 2, lastSequence: 2 }],
      [150, { epoch: 1, lastSequence: 1 }],
    ]);
    t.deepEqual(
      found,
      shards.map((shard) => present.get(shard) ?? { epoch: 0, lastSequence: 0 }),
    );
    // The first run of a script is two commands: one by its digest, and one with its text.
    const calls = /^cmdstat_evalsha:calls=(\d+)/m.exec(await connection.info('commandstats'));
    t.true(Number(calls?.[1]) <= 8, `${calls?.[1]} calls`);
  });
}
const redisTest = redisInstalled ? test : test.skip;

redisTest('J8: what is archived leaves Redis, and is read as one with the rest', async (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const shard = 209;
  const snapshots = new RedisSnapshotStore({ redis, levels });
  await sell(journal, shard, 600);
  await takeSnapshot({ journal, snapshots, shard, sequence: 550 });
  const archive = new ArchiveReader(new FolderArchive({ folder, create: true }));
  const archiver = new Archiver({
    journal,
    snapshots,
    archive,
    keeper: { consumed: async () => 500, trim: (id, through) => journal.trim(id, through) },
    shardCount: 256,
    journalEntriesMin: 10,
    retentionDays: null,
    clock: systemClock,
    log: silent,
  });
  await archiver.archiveShard(shard);
  t.is(await redis.xlen(logKey(shard)), 600 - 499);
  const whole = new ArchivedJournal({ journal, archive });
  await sell(whole, shard, 700);
  const drops = await replayed(whole, shard, 700);
  t.is(drops.get(`d_${shard}`)?.orders.size, 699 * 3);
});

redisTest('J1: a read of many entries, small and large, is whole and in order', async (t) => {
  const { epoch } = await journal.claim(201, 'a');
  const sizes = Array.from({ length: 150 }, (_, i) => (i % 50 === 49 ? 900_000 : i));
  for (const [i, size] of sizes.entries()) {
    await journal.append(201, epoch, i + 1, Buffer.alloc(size, i));
  }
  const entries: JournalEntry[] = [];
  while (entries.length < sizes.length) {
    const found = await journal.read(201, entries.length, 1_000);
    t.true(found.length > 0);
    entries.push(...found);
  }
  t.deepEqual(
    entries.map(({ sequence, bytes }) => [sequence, bytes.length, bytes[0] ?? 0]),
    sizes.map((size, i) => [i + 1, size, size === 0 ? 0 : i]),
  );
});

redisTest('J1: a read ends early rather than carry more than memory should hold', async (t) => {
  const { epoch } = await journal.claim(202, 'a');
  for (let i = 1; i <= 25; i++) await journal.append(202, epoch, i, Buffer.alloc(1 << 20));
  const found = await journal.read(202, 0, 25);
  t.true(found.length >= 16 && found.length < 25);
  t.is((await journal.read(202, found.length, 25)).length, 25 - found.length);
});

redisTest('J5: an entry that was lost is missed, in the middle and at the end', async (t) => {
  for (const [shard, lost] of [
    [203, 2],
    [204, 3],
  ] as const) {
    const { epoch } = await journal.claim(shard, 'a');
    for (let i = 1; i <= 3; i++) await journal.append(shard, epoch, i, Buffer.from(`entry ${i}`));
    await redis.xdel(logKey(shard), `${lost}-0`);
    t.is((await journal.claim(shard, 'b')).lastSequence, 3);
    await failsWith(t, 'corrupt', journal.read(shard, 0, 10));
    await failsWith(t, 'corrupt', journal.read(shard, 0, lost));
    await failsWith(t, 'conflict', journal.append(shard, epoch + 1, 4, Buffer.from('entry 4')));
  }
});

redisTest('J6: thousands of entries are forgotten in steps, and sequences go on', async (t) => {
  const { epoch } = await journal.claim(205, 'a');
  const appends = Array.from({ length: 2_500 }, (_, i) =>
    journal.append(205, epoch, i + 1, Buffer.from([i])),
  );
  await Promise.all(appends);
  await journal.trim(205, 2_400);
  t.is(await redis.xlen(logKey(205)), 100);
  t.is((await journal.read(205, 2_400, 1_000)).length, 100);
  await journal.append(205, epoch, 2_501, Buffer.from('more'));
  await failsWith(t, 'conflict', journal.append(205, epoch, 102, Buffer.from('more')));
});

redisTest(
  'J2: of racing owners one writes in each epoch, and nothing refused is kept',
  async (t) => {
    const shard = 206;
    const acknowledged = new Map<number, string>();
    const refused = new Set<string>();

    /** Claims again whenever it is fenced; appends some entries at a time, some of them twice. */
    const own = async (name: string, claims: number) => {
      const mine = new RedisJournal({
        redis: await openConnection(t, server.address),
        reads: redis,
      });
      for (let claim = 0; claim < claims; claim++) {
        const { epoch, lastSequence } = await mine.claim(shard, name);
        for (let i = 1; i <= 20; i++) {
          const sequence = lastSequence + i;
          const text = `${name} ${epoch} ${sequence}`;
          const tries = [mine.append(shard, epoch, sequence, Buffer.from(text))];
          if (i % 3 === 0) tries.push(mine.append(shard, epoch, sequence, Buffer.from(text)));
          const outcomes = await Promise.allSettled(tries);
          const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
          if (failed.length < outcomes.length) acknowledged.set(sequence, text);
          else refused.add(text);
          if (failed.length === 0) continue;
          t.true(failed.every(({ reason }) => (reason as { code?: string }).code === 'fenced'));
          break;
        }
      }
    };
    await Promise.all([own('a', 60), own('b', 60), own('c', 60)]);

    const { epoch, lastSequence } = await journal.head(shard);
    const entries: JournalEntry[] = [];
    while (entries.length < lastSequence) {
      entries.push(...(await journal.read(shard, entries.length, 256)));
    }
    t.is(epoch, 180);
    t.true(refused.size > 10, `only ${refused.size} appends met another owner`);
    const texts = entries.map(({ bytes }) => Buffer.from(bytes).toString());
    t.deepEqual(
      texts,
      entries.map(({ sequence }) => acknowledged.get(sequence)),
    );
    t.false(texts.some((text) => refused.has(text)));
    const writers = new Map<number, string>();
    let lastEpoch = 0;
    for (const [i, text] of texts.entries()) {
      const [writer, written] = text.split(' ') as [string, string];
      t.is(Number(written), entries[i]!.epoch);
      t.true(entries[i]!.epoch >= lastEpoch);
      lastEpoch = entries[i]!.epoch;
      t.is(writers.get(lastEpoch) ?? writer, writer);
      writers.set(lastEpoch, writer);
    }
  },
);
