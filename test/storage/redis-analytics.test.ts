// The contract of analytics on a real redis-server. On a Redis Cluster:
// `redis-analytics-cluster.test.ts`.

import test from 'ava';
import pino from 'pino';
import { RedisAnalytics } from '../../storage/redis/analytics/analytics-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { ALL, STEP_MS, STEPS } from '../../storage/ports/analytics.ts';
import { analyticsContract } from './contract/analytics.ts';

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
  analyticsContract(() => new RedisAnalytics({ redis }));

  test.serial(
    'L2: the register of a generation has no keys that expire by themselves',
    async (t) => {
      const store = new RedisAnalytics({ redis });
      const generation = await store.begin();
      const start = Math.floor(Date.now() / STEP_MS.hour) * STEP_MS.hour;
      const one = { subject: ALL, start, name: 'orders', value: 1 };
      const amounts = STEPS.map((step) => ({ ...one, step, start: step === 'all' ? 0 : start }));
      const empty = { positions: [], drops: [], segments: [] };
      t.true(await store.exact(generation).commit({ ...empty, amounts }));
      const keys = await redis.smembers(`{analytics}:${generation}:keys`);
      const steps = keys.map((key) => key.split(':')[2]!).sort();
      t.deepEqual(steps, ['all', 'drops', 'hour', 'positions']);
      for (const key of keys.filter((name) => name.endsWith(`:${ALL}`)))
        t.is(await redis.ttl(key), -1, key);
      const all = await redis.keys(`{analytics}:${generation}:*:${ALL}`);
      t.is(all.length, STEPS.length);
      await store.begin();
      const left = await redis.keys(`{analytics}:${generation}:*`);
      t.is(left.length, 2, 'those of seconds and minutes');
      for (const key of left) t.true((await redis.ttl(key)) > 0, key);
    },
  );
} else {
  test.skip('analytics on Redis: no redis-server on this machine', () => undefined);
}
