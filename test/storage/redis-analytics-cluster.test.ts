// The contract of analytics on a real Redis Cluster of three: every script keeps to one slot.

import test from 'ava';
import pino from 'pino';
import { RedisAnalytics } from '../../storage/redis/analytics/analytics-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { analyticsContract } from './contract/analytics.ts';

if (redisInstalled) {
  let server: RedisClusterServers;
  let redis: RedisConnection;
  test.before(async () => {
    server = await RedisClusterServers.start();
    const log = pino({ level: 'silent' });
    redis = await connectRedis({ address: server.address, name: 'test', log });
  });
  test.after.always(async () => {
    redis.disconnect();
    await server?.stop();
  });
  analyticsContract(() => new RedisAnalytics({ redis }));
} else {
  test.skip('analytics on a Redis Cluster: no redis-server on this machine', () => undefined);
}
