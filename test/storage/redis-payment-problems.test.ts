// The contract of payment problems on a real redis-server. On a Redis Cluster:
// `redis-payment-problems-cluster.test.ts`.

import test from 'ava';
import pino from 'pino';
import { RedisConsumerPositions } from '../../storage/redis/catalogue/consumer-positions-redis.ts';
import { RedisPaymentProblems } from '../../storage/redis/catalogue/payment-problems-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { paymentProblemsContract, PROBLEMS_MAX } from './contract/payment-problems.ts';

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
  paymentProblemsContract(() => ({
    paymentProblems: new RedisPaymentProblems({ redis, max: PROBLEMS_MAX }),
    consumerPositions: new RedisConsumerPositions({ redis }),
  }));
} else {
  test.skip('payment problems on Redis: no redis-server on this machine', () => undefined);
}
