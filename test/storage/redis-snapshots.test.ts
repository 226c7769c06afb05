// Snapshots on Redis beyond their contract: pieces of bounded size, saves that are broken off or
// overtaken, and reading while saves go on.

import test, { type ExecutionContext } from 'ava';
import type { Redis } from 'ioredis';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { partsKey, sealedDropKey } from '../../storage/redis/connection/keys.ts';
import { RedisSnapshotStore } from '../../storage/redis/journal/snapshots-redis.ts';
import type { SnapshotPart } from '../../storage/ports/snapshots.ts';
import { redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { openConnection, startRedis } from './redis-fixture.ts';
import { dropWith, seal as sealState, unseal, wholeDrop } from './sealed-drops.ts';

const levels = new ReachedLevel(FEATURE_LEVEL);
const redisTest = redisInstalled ? test : test.skip;

async function openSnapshots(t: ExecutionContext, settings: Record<string, string> = {}) {
  const server = await startRedis(t, { settings });
  const redis = (await openConnection(t, server.address)) as Redis;
  return { server, redis, snapshots: new RedisSnapshotStore({ redis, levels }) };
}

const part = (name: string, size: number, fill = name) => ({
  name,
  bytes: Buffer.alloc(size, fill),
});
const snapshot = (sequence: number, head: Buffer, ...partNames: string[]) => ({
  sequence,
  head,
  partNames,
});

redisTest('J6: megabytes of head, parts and sealed drops go in small commands', async (t) => {
  // A server that cuts off whoever sends more than 1 MB as one argument.
  const { redis, snapshots } = await openSnapshots(t, { 'proto-max-bulk-len': '1mb' });
  const parts = [
    part('a', 5_000_000),
    ...Array.from({ length: 99 }, (_, i) => part(`p${i}`, 9_999)),
  ];
  const head = Buffer.alloc(2_500_001, 'head');
  await snapshots.saveSnapshot(1, 1, snapshot(3, head, ...parts.map(({ name }) => name)), parts);
  const loaded = await snapshots.loadSnapshot(1);
  t.true(head.equals(loaded!.snapshot.head));
  t.is(loaded!.parts.length, parts.length);
  t.true(
    loaded!.parts.every(
      ({ name, bytes }, i) => name === parts[i]!.name && parts[i]!.bytes.equals(bytes),
    ),
  );
  const sealed = part('sealed', 3_000_000);
  await seal(snapshots, 'drop_large', 1, [sealed]);
  const found = (await snapshots.findSealedDrop('drop_large'))!;
  t.true(sealed.bytes.equals(await found.readPart('sealed')));
  const total =
    head.length + sealed.bytes.length + parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const stats = await redis.info('commandstats');
  const callsOf = (name: string) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)![1]);
  t.true(total / callsOf('hset') < 1 << 18, 'bytes that one command writes');
  t.true(total / callsOf('hmget') < 1 << 20, 'bytes that one command reads');
});

redisTest('J6: nothing but the pieces of the present snapshot is kept', async (t) => {
  const { redis, snapshots } = await openSnapshots(t);
  const head = Buffer.from('head');
  await snapshots.saveSnapshot(1, 1, snapshot(1, head, 'a', 'b'), [
    part('a', 9),
    part('b', 600_000),
  ]);
  t.is(await redis.hlen(partsKey(1)), 1 + 1 + 3);
  await snapshots.saveSnapshot(1, 1, snapshot(2, head, 'a'), []);
  t.is(await redis.hlen(partsKey(1)), 1 + 1);
  // As a save leaves them that its process did not live to finish.
  await redis.hset(partsKey(1), 'broken:0', 'x', 'broken:1', 'x');
  await snapshots.saveSnapshot(1, 1, snapshot(3, head, 'a', 'c'), [part('c', 9)]);
  t.is(await redis.hlen(partsKey(1)), 1 + 2);
  await seal(snapshots, 'drop_1', 1, [part('a', 600_000)]);
  // As a sealing leaves it that its process did not live to finish.
  await (await snapshots.sealDrop('drop_1')).add(part('b', 600_000));
  t.is(await redis.hlen(sealedDropKey('drop_1')), 3 + 3 + 3);
  await seal(snapshots, 'drop_1', 2, [part('c', 10)]);
  // Its version, head, the places of its parts, and one piece.
  t.is(await redis.hlen(sealedDropKey('drop_1')), 3 + 1);
});

redisTest('J2: a claim fences a save that is under way, and the old snapshot stays', async (t) => {
  const { redis, snapshots } = await openSnapshots(t);
  const journal = new RedisJournal({ redis });
  await journal.claim(1, 'a');
  const head = Buffer.from('head');
  await snapshots.saveSnapshot(1, 1, snapshot(1, head, 'a'), [part('a', 9)]);
  const late = snapshots.saveSnapshot(1, 1, snapshot(2, head, 'b'), [part('b', 2_000_000)]);
  const claimed = journal.claim(1, 'b');
  await Promise.all([failsWith(t, 'fenced', late), claimed]);
  const loaded = await snapshots.loadSnapshot(1);
  t.is(loaded!.snapshot.sequence, 1);
  t.is(loaded!.parts.length, 1);
  await snapshots.saveSnapshot(1, 2, snapshot(3, head), []);
});

redisTest('J2: of two saves of one epoch the later one counts', async (t) => {
  const { snapshots } = await openSnapshots(t);
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4].map((sequence) =>
      snapshots.saveSnapshot(1, 1, snapshot(sequence, Buffer.from(`head ${sequence}`), 'a'), [
        part('a', 700_000, `${sequence}`),
      ]),
    ),
  );
  const won = outcomes.findIndex(({ status }) => status === 'fulfilled') + 1;
  t.is(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  const loaded = await snapshots.loadSnapshot(1);
  t.is(loaded!.snapshot.sequence, won);
  t.true(Buffer.alloc(700_000, `${won}`).equals(loaded!.parts[0]!.bytes));
});

redisTest('J6: who reads while saves go on gets one snapshot, never parts of two', async (t) => {
  const { server, snapshots } = await openSnapshots(t);
  const reader = new RedisSnapshotStore({
    redis: await openConnection(t, server.address),
    levels,
  });
  const save = (sequence: number) =>
    snapshots.saveSnapshot(1, 1, snapshot(sequence, Buffer.from(`${sequence}`), `a${sequence}`), [
      part(`a${sequence}`, 700_000, `${sequence}`),
    ]);
  await save(1);
  const saveAll = async () => {
    for (let sequence = 2; sequence <= 60; sequence++) await save(sequence);
  };
  const seen = new Set<number>();
  const readAll = async () => {
    while (!seen.has(60)) {
      const loaded = await reader.loadSnapshot(1);
      const { sequence, head } = loaded!.snapshot;
      t.is(Buffer.from(head).toString(), `${sequence}`);
      t.is(loaded!.parts[0]!.name, `a${sequence}`);
      t.true(Buffer.alloc(700_000, `${sequence}`).equals(loaded!.parts[0]!.bytes));
      seen.add(sequence);
    }
  };
  await Promise.all([saveAll(), readAll()]);
  t.true(seen.size > 3);
});

redisTest('J5: a lost or shortened piece is found', async (t) => {
  const { redis, snapshots } = await openSnapshots(t);
  await snapshots.saveSnapshot(1, 1, snapshot(1, Buffer.from('head'), 'a'), [part('a', 9)]);
  const fields = await redis.hkeys(partsKey(1));
  await redis.hset(partsKey(1), fields[1]!, 'short');
  await failsWith(t, 'corrupt', snapshots.loadSnapshot(1));
  await redis.hdel(partsKey(1), fields[1]!);
  await failsWith(t, 'corrupt', snapshots.loadSnapshot(1));
  await seal(snapshots, 'drop_1', 1, [part('a', 10)]);
  const sealed = (await snapshots.findSealedDrop('drop_1'))!;
  const piece = (await redis.hkeys(sealedDropKey('drop_1'))).find((name) => name.includes(':'));
  await redis.hdel(sealedDropKey('drop_1'), piece!);
  await failsWith(t, 'corrupt', sealed.readPart('a'));
});

redisTest('O5: of two writers of one sealed drop, one is done and is stored whole', async (t) => {
  const { snapshots } = await openSnapshots(t);
  const written = ['first', 'second'].map((fill) => part('a', 900_000, fill));
  const outcomes = await Promise.allSettled(
    written.map((one) => seal(snapshots, 'drop_1', 1, [one])),
  );
  const done = written.filter((_, i) => outcomes[i]!.status === 'fulfilled');
  const loaded = (await snapshots.findSealedDrop('drop_1'))!;
  const bytes = await loaded.readPart('a');
  t.true(done.some((one) => one.bytes.equals(bytes)));
});

redisTest(
  'J1: a drop that an earlier release sealed in one piece is found, then replaced',
  async (t) => {
    const { redis, snapshots } = await openSnapshots(t);
    const state = dropWith(10_000);
    const whole = wholeDrop(state);
    const key = sealedDropKey(state.id);
    const half = whole.length >> 1;
    await redis.hset(key, 'old:0', whole.subarray(0, half), 'old:1', whole.subarray(half));
    await redis.hset(key, 'version', state.version, 'contents', `["old",0,2,${whole.length}]`);
    t.true(wholeDrop((await unseal(snapshots, state.id))!).equals(whole));
    t.true(await sealState(snapshots, state));
    t.is((await redis.hkeys(key)).filter((field) => field.startsWith('old:')).length, 0);
    t.true(wholeDrop((await unseal(snapshots, state.id))!).equals(whole));
  },
);

redisTest('W3: drops are sealed in parts only once every living node reads them', async (t) => {
  const { redis } = await openSnapshots(t);
  const level = new ReachedLevel(1);
  const snapshots = new RedisSnapshotStore({ redis, levels: level });
  t.false(snapshots.canSealDrops());
  level.raise(2);
  t.true(snapshots.canSealDrops());
});

async function seal(
  snapshots: RedisSnapshotStore,
  dropId: string,
  version: number,
  parts: readonly SnapshotPart[],
): Promise<void> {
  const writer = await snapshots.sealDrop(dropId);
  for (const one of parts) await writer.add(one);
  const partNames = parts.map(({ name }) => name);
  await writer.finish({ version, head: Buffer.from('head'), partNames });
}
