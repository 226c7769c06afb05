// The change stream on a real Redis.

import test from 'ava';
import { openRedisChangeReader } from '../../storage/redis/catalogue/change-reader.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { changeStreamContract } from './contract/change-stream.ts';
import { connectRedisData, type RedisData } from './redis-data.ts';
import { silent, startRedis } from './redis-fixture.ts';

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
    openBounded: async (t, changesRetainedMax) => {
      const own = await startRedis(t);
      const bounded = await connectRedisData(own.address, { changesRetainedMax });
      t.teardown(() => bounded.close());
      return bounded.stores;
    },
  });

  test('C1: a thread with its own connections reads changes and scans entities', async (t) => {
    const { address } = await startRedis(t);
    const own = await connectRedisData(address);
    t.teardown(() => own.close());
    const reader = await openRedisChangeReader({ address, name: 'reader', log: silent });
    t.teardown(() => reader.close());
    await own.stores.follows.follow('ann', 'creator', 1);
    const follow = { kind: 'follow', userId: 'ann', creatorId: 'creator', since: 1 } as const;
    const read = [];
    const scanned = [];
    for (let bucket = 0; bucket < reader.changes.bucketCount; bucket++) {
      read.push(...(await reader.changes.read(bucket, 0, 10)).map(({ change }) => change));
      scanned.push(...(await reader.changes.scan(bucket, null, 10)).changes);
    }
    t.deepEqual(read, [follow]);
    t.deepEqual(scanned, [follow]);
  });
} else {
  test.skip('the change stream on Redis needs redis-server', () => {});
}
