// The contract of payment problems on a real Redis Cluster of three: every script keeps to one
// slot.

import test from 'ava';
import pino from 'pino';
import { RedisConsumerPositions } from '../../storage/redis/catalogue/consumer-positions-redis.ts';
import { RedisPaymentProblems } from '../../storage/redis/catalogue/payment-problems-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { paymentProblemsContract, PROBLEMS_MAX } from './contract/payment-problems.ts';

if (redisInstalled) {
  let server: RedisClusterServers;
  let redis: RedisConnection;
  test.before(async () => {
    server = await RedisClusterServers.start();
    const log = pino({ level: 'silent' });
    redis = await connectRedis({ address: server.address, name: 'test', log });
  });
  test.after.always(async () => {
    redis?.disconnect();
    await server?.stop();
  });
  paymentProblemsContract(() => ({
    paymentProblems: new RedisPaymentProblems({ redis, max: PROBLEMS_MAX }),
    consumerPositions: new RedisConsumerPositions({ redis }),
  }));
} else {
  test.skip('payment problems on a Redis Cluster: no redis-server on this machine', () =>
    undefined);
}
