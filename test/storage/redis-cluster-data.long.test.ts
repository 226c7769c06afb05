// Catalogue, accounts, follows and their changes on a real Redis Cluster of three: every script
// keeps to one slot, and a node that is away takes only its own part with it.

import test, { type ExecutionContext } from 'ava';
import { RedisFeedStore } from '../../storage/redis/rows/feed-redis.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { accountsContract } from './contract/accounts.ts';
import { catalogueContract } from './contract/catalogue.ts';
import { orderDetailsContract } from './contract/order-details.ts';
import { draftsContract } from './contract/drafts.ts';
import { organisationsContract } from './contract/organisations.ts';
import { changeStreamContract } from './contract/change-stream.ts';
import { followsContract } from './contract/follows.ts';
import { reconcileContract } from './contract/reconcile.ts';
import { requestsContract } from './contract/requests.ts';
import { CHANGE_BUCKETS } from '../../storage/redis/catalogue/catalogue-keys.ts';
import { connectRedisData, type RedisData, type RedisDataOptions } from './redis-data.ts';

let servers: RedisClusterServers;
let data: RedisData;

if (redisInstalled) {
  test.before(async () => {
    servers = await RedisClusterServers.start();
    data = await connectRedisData(servers.address);
  });
  test.after.always(async () => {
    await data?.close();
    await servers?.stop();
  });

  accountsContract(() => data.stores);
  catalogueContract(() => data.stores);
  draftsContract(() => data.stores);
  organisationsContract(() => data.stores);
  orderDetailsContract(() => data.stores.orderDetails);
  followsContract(() => data.stores);
  reconcileContract(() => ({ ...data, feed: new RedisFeedStore(data) }));
  changeStreamContract({
    stores: () => data.stores,
    openBounded: (t, changesRetainedMax) => openOwn(t, { changesRetainedMax }),
  });
  requestsContract({
    stores: () => data.stores,
    openBounded: (t, requestBounds) => openOwn(t, { requestBounds }),
    parts: CHANGE_BUCKETS,
  });

  test('J7: while one node is away, what lives on the others is found', async (t) => {
    const own = await RedisClusterServers.start();
    t.teardown(() => own.stop());
    const { catalogue, ...opened } = await connectRedisData(own.address);
    t.teardown(() => opened.close());
    const ids = Array.from({ length: 60 }, (_, i) => `product_${i}`);
    const find = () => Promise.allSettled(ids.map((id) => catalogue.findProduct(id)));
    t.true((await find()).every(({ status }) => status === 'fulfilled'));

    await own.nodes[1]!.halt('SIGKILL');
    const found = await find();
    t.true(found.filter(({ status }) => status === 'fulfilled').length > ids.length / 3);
    for (const outcome of found) {
      if (outcome.status === 'rejected') t.is(outcome.reason.code, 'store-unavailable');
    }
    t.true(found.some(({ status }) => status === 'rejected'));
  });
} else {
  test.skip('catalogue, accounts and follows on a Redis Cluster need redis-server', () => {});
}

async function openOwn(t: ExecutionContext, options: RedisDataOptions) {
  const own = await RedisClusterServers.start();
  t.teardown(() => own.stop());
  const bounded = await connectRedisData(own.address, options);
  t.teardown(() => bounded.close());
  return bounded.stores;
}
