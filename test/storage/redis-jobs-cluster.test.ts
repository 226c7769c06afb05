// The contract of jobs on a real Redis Cluster of three: every script keeps to one slot.

import test from 'ava';
import pino from 'pino';
import { RedisJobStore } from '../../storage/redis/catalogue/jobs-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { FINISHED_JOBS_MAX, jobsContract } from './contract/jobs.ts';

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
  jobsContract(() => new RedisJobStore({ redis, finishedMax: FINISHED_JOBS_MAX }));
} else {
  test.skip('jobs on a Redis Cluster: no redis-server on this machine', () => undefined);
}
