// What a connection to a real Redis writes in one turn of the event loop, and what becomes of it
// when the connection ends in that very turn.

import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Cluster, Redis } from 'ioredis';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { backAgain, next, openConnection, startRedis } from './redis-fixture.ts';

const KEYS = Array.from({ length: 50 }, (_, i) => `key-${i}`);

/** Counts writes of the present stream from here on, as the operating system gets them. */
function countWrites({ stream }: Redis): () => number {
  let writes = 0;
  for (const name of ['_write', '_writev'] as const) {
    const write = stream[name]!.bind(stream) as (...args: unknown[]) => void;
    stream[name] = (...args: unknown[]) => {
      writes += 1;
      write(...args);
    };
  }
  return () => writes;
}

/** Half of them at once, the others from promises that are settled already. */
async function setAll(redis: Redis | Cluster): Promise<void> {
  await Promise.resolve();
  const answers = KEYS.map(async (key, i) => {
    if (i % 2 === 0) await Promise.resolve();
    return redis.set(key, i);
  });
  await Promise.all(answers);
}

async function openSingle(t: ExecutionContext) {
  const server = await startRedis(t);
  return { server, redis: (await openConnection(t, server.address)) as Redis };
}

if (redisInstalled) {
  test('all commands of a turn leave in one write, in their order', async (t) => {
    const { redis } = await openSingle(t);
    const writes = countWrites(redis);
    await setAll(redis);
    t.is(writes(), 1);
    const lengths = await Promise.all(KEYS.map((key) => redis.rpush('list', key)));
    t.is(writes(), 2);
    t.deepEqual(
      lengths,
      [...KEYS.keys()].map((i) => i + 1),
    );
    await redis.get('list-that-is-none');
    t.is(writes(), 3);
  });

  test('they leave when the turn ends, not later', async (t) => {
    const { redis } = await openSingle(t);
    const writes = countWrites(redis);
    const answer = redis.set('key', 'value');
    t.is(writes(), 0);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    t.is(writes(), 1);
    t.is(await answer, 'OK');
  });

  test('a connection that came back writes the same way', async (t) => {
    const { redis, server } = await openSingle(t);
    const lost = next(redis, 'close');
    await server.halt('SIGKILL');
    await lost;
    await server.resume();
    await backAgain(redis);
    const writes = countWrites(redis);
    await setAll(redis);
    t.is(writes(), 1);
  });

  test('on a Redis Cluster they leave in one write to each server', async (t) => {
    const servers = await RedisClusterServers.start();
    t.teardown(() => servers.stop());
    const redis = (await openConnection(t, servers.address)) as Cluster;
    const nodes = redis.nodes('master');
    t.is(nodes.length, 3);
    const writes = nodes.map(countWrites);
    await setAll(redis);
    // The client may ask one of them for the slots meanwhile.
    const counts = writes.map((count) => count());
    t.true(
      counts.every((count) => count >= 1 && count <= 2),
      counts.join(),
    );
  });

  test('commands of the turn that closes the connection are executed and answered', async (t) => {
    const { redis, server } = await openSingle(t);
    const answers = KEYS.map((key) => redis.set(key, 'last'));
    redis.disconnect();
    t.true((await Promise.all(answers)).every((answer) => answer === 'OK'));
    const later = (await openConnection(t, server.address)) as Redis;
    t.is(await later.dbsize(), KEYS.length);
  });

  test('a connection that breaks fails every command of the turn, and reconnects', async (t) => {
    const { redis } = await openSingle(t);
    const outcomes = Promise.allSettled(KEYS.map((key) => redis.set(key, 'lost')));
    redis.stream.destroy();
    const later = Promise.allSettled([setImmediate().then(() => redis.set('key', 'later'))]);
    await next(redis, 'ready');
    for (const { status } of [...(await outcomes), ...(await later)]) t.is(status, 'rejected');
    await setAll(redis);
    t.is(await redis.get('key-1'), '1');
  });
} else {
  test.skip('writes to Redis need redis-server', () => {});
}
