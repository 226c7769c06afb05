import test from 'ava';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { followsContract } from './contract/follows.ts';
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

  followsContract(() => data.stores);
} else {
  test.skip('follows on Redis need redis-server', () => {});
}
