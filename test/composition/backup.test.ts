// What a backup refuses, and how the contents of Redis servers get into one and out again.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { backup, restore } from '../../composition/backup/backup.ts';
import { type Config, loadConfig } from '../../composition/config.ts';
import { newLedger } from '../../events/ledger/new-ledger.ts';
import { FolderArchive } from '../../storage/archive/archive-folder.ts';
import { encodeSegment, NO_DIGEST } from '../../storage/formats/archive-segment.ts';
import type { RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { RedisSnapshotStore } from '../../storage/redis/journal/snapshots-redis.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { entryOf, sell } from '../events/archive/sold-shard.ts';
import { openConnection, startRedis } from '../storage/redis-fixture.ts';

const levels = new ReachedLevel(FEATURE_LEVEL);
const redisTest = redisInstalled ? test : test.skip;

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-backup-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function configOf(data: string, environment: Record<string, string> = {}): Config {
  return loadConfig({ LIVEDROPS_DATA: data, LIVEDROPS_LOG: 'silent', ...environment });
}

function configOfRedis(data: string, url: string, archive = 'off'): Config {
  return configOf(data, {
    LIVEDROPS_STORE: url,
    LIVEDROPS_NATS: 'nats://127.0.0.1:4222',
    LIVEDROPS_AUTH_SECRET: 'x'.repeat(40),
    LIVEDROPS_PAYMENT_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
    LIVEDROPS_ARCHIVE: archive,
  });
}

test('J10: no data, an incomplete backup, another store and a target in use are refused', async (t) => {
  const directory = temporaryDirectory(t);
  const [data, copy] = [join(directory, 'data'), join(directory, 'copy')];
  await t.throwsAsync(backup(configOf(data), copy), { code: 'no-data' });
  const cluster = join(directory, 'cluster');
  mkdirSync(join(cluster, 'redis', 'appendonlydir'), { recursive: true });
  const ofCluster = { code: 'no-data', message: /is of a cluster; set LIVEDROPS_STORE/ };
  await t.throwsAsync(backup(configOf(cluster), copy), ofCluster);
  const stores = await openSqliteStores({ directory: data });
  await stores.close();
  await backup(configOf(data), copy);
  t.is(
    readdirSync(copy).toSorted().join(' '),
    'analytics.db auth-secret backup.json catalogue.db details-secret journal.db pass-secret ' +
      'payment-secret projections.db',
  );
  await t.throwsAsync(backup(configOf(data), copy), { message: /copy is not empty/ });
  await t.throwsAsync(restore(configOf(data), copy), { message: /data is not empty/ });
  const redis = configOfRedis(join(directory, 'node'), 'redis://127.0.0.1:1');
  await t.throwsAsync(restore(redis, copy), { message: /is a backup of sqlite/ });
  rmSync(join(copy, 'backup.json'));
  const other = configOf(join(directory, 'other'));
  await t.throwsAsync(restore(other, copy), { message: /no complete backup/ });
});

test('L1, J10: a restored store has no ledger: what comes is another history than was signed', async (t) => {
  const directory = temporaryDirectory(t);
  const [data, copy, restored] = ['data', 'copy', 'restored'].map((name) => join(directory, name));
  const stores = await openSqliteStores({ directory: data! });
  await stores.ledger.begin(newLedger(1_000));
  await stores.ledger.salts(['ada']);
  await stores.close();
  await backup(configOf(data!), copy!);
  await restore({ ...configOf(data!), dataDirectory: restored!, archive: null }, copy!);
  const again = await openSqliteStores({ directory: restored! });
  t.is(await again.ledger.head(), null);
  t.deepEqual(await again.ledger.presentSalts(['ada']), [null]);
  await again.close();
});

async function fill(t: ExecutionContext, redis: RedisConnection, journal: RedisJournal) {
  const snapshots = new RedisSnapshotStore({ redis, levels });
  for (const shard of [1, 2, 3, 4, 5]) {
    await sell(journal, shard, 300);
    const part = { name: 'part', bytes: Buffer.alloc(3_000_000, shard) };
    const snapshot = { sequence: 10, head: Buffer.from('head'), partNames: ['part'] };
    await snapshots.saveSnapshot(shard, 1, snapshot, [part]);
    await journal.trim(shard, 100);
  }
  await redis.set('{a}:text', 'text');
  await redis.set('{b}:short', 'lives', 'PX', 3_600_000);
  await redis.zadd('{users:1}:feed:ann', 1, 'one', 2, 'two');
  await redis.hset('{orders}:positions', { 1: '300' });
  await redis.hset('{placement}:sessions', { north: 'runs' });
  await redis.hset('{ledger}:head', { id: 'of before' });
  t.pass();
}

async function assertRestored(t: ExecutionContext, redis: RedisConnection): Promise<void> {
  const journal = new RedisJournal({ redis });
  const snapshots = new RedisSnapshotStore({ redis, levels });
  for (const shard of [1, 2, 3, 4, 5]) {
    t.is(await journal.trimmed(shard), 100);
    const entries = await journal.read(shard, 100, 1_000);
    t.is(entries.length, 200);
    t.true(
      entries.every(({ sequence, bytes }) => entryOf(shard, sequence).equals(Buffer.from(bytes))),
    );
    const loaded = await snapshots.loadSnapshot(shard);
    t.true(Buffer.alloc(3_000_000, shard).equals(Buffer.from(loaded!.parts[0]!.bytes)));
    // An owner of before can write no more, and the next one goes on.
    await t.throwsAsync(journal.append(shard, 1, 301, entryOf(shard, 301)), { code: 'fenced' });
    const { epoch, lastSequence } = await journal.claim(shard, 'next');
    t.true(epoch > 1_000_000);
    t.is(lastSequence, 300);
    await journal.append(shard, epoch, 301, entryOf(shard, 301));
  }
  t.is(await redis.get('{a}:text'), 'text');
  const lifetimeMs = await redis.pttl('{b}:short');
  t.true(lifetimeMs > 0 && lifetimeMs <= 3_600_000);
  t.deepEqual(await redis.zrange('{users:1}:feed:ann', 0, -1), ['one', 'two']);
  t.deepEqual(await redis.hgetall('{orders}:positions'), { 1: '300' });
  t.is(await redis.exists('{placement}:sessions'), 0, 'who ran is not restored');
  t.is(await redis.exists('{ledger}:head'), 0, 'a restored store begins a ledger of its own');
}

redisTest(
  'J10: a Redis with a password is copied and restored, with the archive up to it',
  async (t) => {
    const directory = temporaryDirectory(t);
    const settings = { requirepass: 'secret' };
    const from = await startRedis(t, { settings });
    const to = await startRedis(t, { settings });
    const address = (server: typeof from) => ({ ...server.address, password: 'secret' });
    const source = await openConnection(t, address(from));
    await fill(t, source, new RedisJournal({ redis: source }));
    const url = (server: typeof from) => server.url.replace('redis://', 'redis://:secret@');
    const [folder, other] = [join(directory, 'archive'), join(directory, 'other')];
    mkdirSync(folder);
    mkdirSync(other);
    const archive = new FolderArchive({ folder, create: false });
    for (const [first, last] of [
      [1, 60],
      [61, 120],
      [121, 150],
    ] as const) {
      const sequences = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      const entries = sequences.map((sequence) => ({
        sequence,
        epoch: 1,
        bytes: entryOf(1, sequence),
      }));
      const segment = { shard: 1, lastTime: last, previous: NO_DIGEST, entries };
      await archive.write(1, first, encodeSegment(segment));
    }
    const copy = join(directory, 'copy');
    await backup(configOfRedis(join(directory, 'node'), url(from), folder), copy);
    const target = configOfRedis(join(directory, 'node'), url(to), other);
    await restore(target, copy);
    await assertRestored(t, await openConnection(t, address(to)));
    const restored = new FolderArchive({ folder: other, create: false });
    t.deepEqual(
      (await restored.list(1)).segments.map(({ first }) => first),
      [1, 61],
      'the journal has what is behind',
    );
    await t.throwsAsync(restore(target, copy), { message: /the archive .* is not empty/ });
    const without = configOfRedis(join(directory, 'node'), url(to), join(directory, 'none'));
    mkdirSync(join(directory, 'none'));
    await t.throwsAsync(restore(without, copy), { message: /is not empty: it has \d+ keys/ });

    const file = join(copy, 'redis-0.rdb');
    const damaged = readFileSync(file);
    damaged[damaged.length >> 1] = damaged[damaged.length >> 1]! ^ 1;
    writeFileSync(file, damaged);
    const empty = await startRedis(t, { settings });
    rmSync(join(other, '1'), { recursive: true });
    const again = configOfRedis(join(directory, 'node'), url(empty), other);
    await t.throwsAsync(restore(again, copy), { message: /could not load the backup/ });
  },
);

redisTest(
  'J10: a Redis Cluster is restored into one server, with rows of no later moment',
  async (t) => {
    const directory = temporaryDirectory(t);
    const from = await RedisClusterServers.start();
    t.teardown(() => from.stop());
    const to = await startRedis(t);
    const source = await openConnection(t, from.address);
    await fill(t, source, new RedisJournal({ redis: source }));
    const copy = join(directory, 'copy');
    await backup(configOfRedis(join(directory, 'node'), from.url), copy);
    const files = readdirSync(copy).toSorted();
    t.deepEqual(files, [
      'backup.json',
      ...[0, 1, 2].flatMap((i) => [`redis-${i}-rows.rdb`, `redis-${i}.rdb`]),
    ]);
    await restore(configOfRedis(join(directory, 'node'), to.url), copy);
    await assertRestored(t, await openConnection(t, to.address));
  },
);
