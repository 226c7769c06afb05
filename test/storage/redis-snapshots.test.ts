// Snapshots on Redis beyond their contract: pieces of bounded size, saves that are broken off or
// overtaken, and reading while saves go on.

import test, { type ExecutionContext } from 'ava';
import type { Redis } from 'ioredis';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { partsKey, sealedDropKey } from '../../storage/redis/connection/keys.ts';
import { RedisSnapshotStore } from '../../storage/redis/journal/snapshots-redis.ts';
import { redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { openConnection, startRedis } from './redis-fixture.ts';

const redisTest = redisInstalled ? test : test.skip;

async function openSnapshots(t: ExecutionContext, settings: Record<string, string> = {}) {
  const server = await startRedis(t, { settings });
  const redis = (await openConnection(t, server.address)) as Redis;
  return { server, redis, snapshots: new RedisSnapshotStore({ redis }) };
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
  const sealed = Buffer.alloc(3_000_000, 'sealed');
  await snapshots.saveSealedDrop('drop_large', 1, sealed);
  t.true(sealed.equals((await snapshots.loadSealedDrop('drop_large'))!));
  const total =
    head.length + sealed.length + parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
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
  await snapshots.saveSealedDrop('drop_1', 1, Buffer.alloc(600_000));
  await snapshots.saveSealedDrop('drop_1', 1, Buffer.alloc(10));
  // Its version, what it consists of, and one piece.
  t.is(await redis.hlen(sealedDropKey('drop_1')), 3);
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
  const reader = new RedisSnapshotStore({ redis: await openConnection(t, server.address) });
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
  await snapshots.saveSealedDrop('drop_1', 1, Buffer.alloc(10));
  const [piece] = (await redis.hkeys(sealedDropKey('drop_1'))).filter(
    (name) => name !== 'contents',
  );
  await redis.hdel(sealedDropKey('drop_1'), piece!);
  await failsWith(t, 'corrupt', snapshots.loadSealedDrop('drop_1'));
});

redisTest(
  'O5: of two writers of one sealed drop, whoever is done last is stored whole',
  async (t) => {
    const { snapshots } = await openSnapshots(t);
    const stored = [Buffer.alloc(900_000, 'first'), Buffer.alloc(900_000, 'second')];
    const outcomes = await Promise.allSettled(
      stored.map((bytes) => snapshots.saveSealedDrop('drop_1', 1, bytes)),
    );
    const done = stored.filter((_, i) => outcomes[i]!.status === 'fulfilled');
    const loaded = (await snapshots.loadSealedDrop('drop_1'))!;
    t.true(done.some((bytes) => bytes.equals(loaded)));
  },
);
