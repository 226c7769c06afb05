// The contract of jobs on a real redis-server. On a Redis Cluster:
// `redis-jobs-cluster.test.ts`.

import test from 'ava';
import pino from 'pino';
import { RedisJobStore } from '../../storage/redis/catalogue/jobs-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { FINISHED_JOBS_MAX, jobsContract } from './contract/jobs.ts';

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
  jobsContract(() => new RedisJobStore({ redis, finishedMax: FINISHED_JOBS_MAX }));
} else {
  test.skip('jobs on Redis: no redis-server on this machine', () => undefined);
}
