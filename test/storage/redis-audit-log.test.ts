// The operator log's contract on a real redis-server.

import test from 'ava';
import pino from 'pino';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisAuditLog } from '../../storage/redis/catalogue/audit-log-redis.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { auditLogContract } from './contract/audit-log.ts';

if (redisInstalled) {
  let server: RedisServer;
  let redis: RedisConnection;
  let log: RedisAuditLog;
  test.before(async () => {
    server = await RedisServer.start();
    const silent = pino({ level: 'silent' });
    redis = await connectRedis({ address: server.address, name: 'test', log: silent });
    log = new RedisAuditLog({ redis });
  });
  test.after.always(async () => {
    redis.disconnect();
    await server?.stop();
  });
  auditLogContract(() => log);
} else {
  test.skip('the operator log on Redis: no redis-server on this machine', () => undefined);
}
