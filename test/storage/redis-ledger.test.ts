// The contract of the ledger's state on a real redis-server.

import test from 'ava';
import pino from 'pino';
import { RedisLedgerStore } from '../../storage/redis/catalogue/ledger-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { ledgerContract } from './contract/ledger.ts';

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
  ledgerContract(() => new RedisLedgerStore({ redis }));
} else {
  test.skip('the ledger on Redis: no redis-server on this machine', () => undefined);
}
