// The contract of analytics on a real redis-server. On a Redis Cluster:
// `redis-analytics-cluster.test.ts`.

import test from 'ava';
import pino from 'pino';
import { RedisAnalytics } from '../../storage/redis/analytics/analytics-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
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
} else {
  test.skip('analytics on Redis: no redis-server on this machine', () => undefined);
}
