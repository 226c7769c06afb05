// The contract of parked refunds on a real redis-server. On a Redis Cluster:
// `redis-parked-refunds-cluster.test.ts`.

import test from 'ava';
import pino from 'pino';
import { RedisParkedRefunds } from '../../storage/redis/catalogue/parked-refunds-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { PARKED_MAX, parkedRefundsContract } from './contract/parked-refunds.ts';

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
  parkedRefundsContract(() => new RedisParkedRefunds({ redis, max: PARKED_MAX }));
} else {
  test.skip('parked refunds on Redis: no redis-server on this machine', () => undefined);
}
