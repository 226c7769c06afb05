// The change stream on a real Redis.

import test from 'ava';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { changeStreamContract } from './contract/change-stream.ts';
import { connectRedisData, type RedisData } from './redis-data.ts';
import { startRedis } from './redis-fixture.ts';

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

  changeStreamContract({
    stores: () => data.stores,
    openBounded: async (t, changesKeptMax) => {
      const own = await startRedis(t);
      const bounded = await connectRedisData(own.address, { changesKeptMax });
      t.teardown(() => bounded.close());
      return bounded.stores;
    },
  });
} else {
  test.skip('the change stream on Redis needs redis-server', () => {});
}
