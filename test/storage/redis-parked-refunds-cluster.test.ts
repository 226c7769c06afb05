// The contract of parked refunds on a real Redis Cluster of three: every script keeps to one slot.

import test from 'ava';
import pino from 'pino';
import { RedisParkedRefunds } from '../../storage/redis/catalogue/parked-refunds-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { PARKED_MAX, parkedRefundsContract } from './contract/parked-refunds.ts';

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
  parkedRefundsContract(() => new RedisParkedRefunds({ redis, max: PARKED_MAX }));
} else {
  test.skip('parked refunds on a Redis Cluster: no redis-server on this machine', () => undefined);
}
