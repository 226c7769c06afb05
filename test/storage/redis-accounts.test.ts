import test from 'ava';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { accountsContract } from './contract/accounts.ts';
import { connectRedisData, type RedisData } from './redis-data.ts';

let server: RedisServer;
let data: RedisData;

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    data = await connectRedisData(server.address);
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
  });

  accountsContract(() => data.stores);
} else {
  test.skip('accounts on Redis need redis-server', () => {});
}
