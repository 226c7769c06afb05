// Consumer leases in memory and on a real redis-server: one holder at a time.

import test from 'ava';
import pino from 'pino';
import { MemoryConsumerLeases } from '../../storage/memory/consumer-leases-memory.ts';
import type { ConsumerLeases } from '../../storage/ports/consumer-leases.ts';
import { RedisConsumerLeases } from '../../storage/redis/catalogue/consumer-leases-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';

function contract(name: string, open: () => ConsumerLeases): void {
  test(`${name}: a lease has one holder, until that gives it back`, async (t) => {
    const leases = open();
    t.true(await leases.hold('one', 'a', 60_000));
    t.false(await leases.hold('one', 'b', 60_000));
    t.true(await leases.hold('one', 'a', 60_000));
    t.true(await leases.hold('other', 'b', 60_000));
    await leases.release('one', 'b');
    t.false(await leases.hold('one', 'b', 60_000));
    await leases.release('one', 'a');
    t.true(await leases.hold('one', 'b', 60_000));
  });

  test(`${name}: a lease that nobody prolongs runs out`, async (t) => {
    const leases = open();
    t.true(await leases.hold('brief', 'a', 20));
    while (!(await leases.hold('brief', 'b', 60_000))) await new Promise(setImmediate);
    t.false(await leases.hold('brief', 'a', 60_000));
  });
}

const inMemory = new MemoryConsumerLeases({ now: () => performance.now() });
contract('memory', () => inMemory);

if (redisInstalled) {
  let server: RedisServer;
  let redis: RedisConnection;
  test.before(async () => {
    server = await RedisServer.start();
    const log = pino({ level: 'silent' });
    redis = await connectRedis({ address: server.address, name: 'test', log });
  });
  test.after.always(async () => {
    redis.disconnect();
    await server?.stop();
  });
  contract('redis', () => new RedisConsumerLeases({ redis }));
} else {
  test.skip('consumer leases on Redis: no redis-server on this machine', () => undefined);
}
