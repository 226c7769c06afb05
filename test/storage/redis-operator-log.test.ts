// The operator log's contract on a real redis-server.

import test from 'ava';
import pino from 'pino';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisOperatorLog } from '../../storage/redis/catalogue/operator-log-redis.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { operatorLogContract } from './contract/operator-log.ts';

if (redisInstalled) {
  let server: RedisServer;
  let redis: RedisConnection;
  let log: RedisOperatorLog;
  test.before(async () => {
    server = await RedisServer.start();
    const silent = pino({ level: 'silent' });
    redis = await connectRedis({ address: server.address, name: 'test', log: silent });
    log = new RedisOperatorLog({ redis });
  });
  test.after.always(async () => {
    redis.disconnect();
    await server?.stop();
  });
  operatorLogContract(() => log);
} else {
  test.skip('the operator log on Redis: no redis-server on this machine', () => undefined);
}
