// Order lists and feeds on a real Redis that were lost in part: keys deleted by hand.

import test from 'ava';
import type { OrderView } from '../../contracts/orders.ts';
import type { Page } from '../../contracts/paging.ts';
import type { OrderChanges } from '../../storage/ports/read-models.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { bucketOf, feedKey, ordersKey } from '../../storage/redis/rows/user-buckets.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { orderView } from './contract/order-list.ts';
import { restoreContract } from './contract/restore.ts';
import { silent } from './redis-fixture.ts';
import { diesAfter } from './redis-interrupted.ts';
import { restoreFrom, WrittenJournals } from './replayed-journals.ts';
import { type RedisProjections, redisProjections } from './redis-projections.ts';

let server: RedisServer;
let redis: RedisConnection;
let stores: RedisProjections;

async function lose(userIds: readonly string[]): Promise<void> {
  for (const userId of userIds) {
    const bucket = bucketOf(userId);
    await redis.del(feedKey(bucket, userId), ordersKey(bucket, userId));
  }
}

const SHARD = 700;
const everything = { limit: 100, cursor: null };

/** Orders of one user, each an entry of its own; each third waits, and is told of nothing. */
async function place(userId: string, dropId: string, count: number): Promise<OrderChanges[]> {
  const entries = Array.from({ length: count }, (_, n): OrderChanges => {
    const time = 50_000 + n;
    const id = `${dropId}-${n.toString(36)}`;
    const order = orderView(id, userId, { dropId, version: n + 1, createdAt: time });
    const notificationType = n % 3 === 0 ? null : 'order.confirmed';
    return {
      shard: SHARD,
      sequence: n + 1,
      time,
      rows: [{ order, notificationType, refundRequested: false }],
    };
  });
  const position = await stores.readModels.position(SHARD);
  const moved = entries.map((entry) => ({ ...entry, sequence: entry.sequence + position }));
  await stores.readModels.store(moved, () => false);
  return moved;
}

async function restore(entries: readonly OrderChanges[], on = redis) {
  const sequence = entries.at(-1)!.sequence;
  const journals = new WrittenJournals(entries, [{ shard: SHARD, sequence }]);
  return await restoreFrom(redisProjections(on).readModels, journals, true);
}

async function seen(userId: string, dropId: string) {
  const { orderList, feed } = stores;
  const orders: OrderView[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<OrderView> = await orderList.listByUser(userId, { limit: 50, cursor });
    orders.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  return {
    orders,
    feed: (await feed.list(userId, { unread: false }, everything)).items,
    unreadCount: await feed.unreadCount(userId),
    totals: (await orderList.totalsOfDrops([dropId])).get(dropId)!,
  };
}

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    redis = await connectRedis({ address: server.address, name: 'test', log: silent });
    stores = redisProjections(redis);
  });
  test.after.always(async () => {
    redis.disconnect();
    await server?.stop();
  });
  restoreContract({ stores: () => stores, lose });

  for (const [what, damage] of [
    ['the list of orders', (_: string, orders: string) => redis.del(orders)],
    ['the feed', (feed: string) => redis.del(feed)],
    ['the oldest of the feed', (feed: string) => redis.ltrim(feed, 30, -1)],
    ['the newest of the feed', (feed: string) => redis.ltrim(feed, 0, 30)],
  ] as const) {
    test.serial(`J1: a long feed and its list are whole again without ${what}`, async (t) => {
      const userId = `long_${what.replaceAll(' ', '_')}`;
      const dropId = `drop_${userId}`;
      const entries = await place(userId, dropId, 200);
      await stores.feed.markRead(userId, '7', 60_000);
      const before = await seen(userId, dropId);
      const bucket = bucketOf(userId);
      await damage(feedKey(bucket, userId), ordersKey(bucket, userId));
      await restore(entries);
      t.deepEqual(await seen(userId, dropId), before);
    });
  }

  test.serial('J1: totals of a drop that were lost are counted, and made again', async (t) => {
    const entries = await place('counted', 'drop_counted', 30);
    const before = await seen('counted', 'drop_counted');
    await redis.del(await redis.keys('orders:totals:drop_counted:*'));
    t.deepEqual(await restore(entries), [{ shard: SHARD, orders: 30, notifications: 0 }]);
    t.deepEqual(await seen('counted', 'drop_counted'), before);
  });

  test.serial('J1: a crash at any point leaves what the next one finishes', async (t) => {
    const entries = await place('crashed', 'drop_crashed', 40);
    const before = await seen('crashed', 'drop_crashed');
    let crashes = 0;
    for (let commands = 0; ; commands++) {
      await lose(['crashed']);
      await redis.del(await redis.keys('orders:totals:drop_crashed:*'));
      try {
        await restore(entries, diesAfter(redis, commands));
        break;
      } catch {
        crashes += 1;
      }
      await restore(entries);
      t.deepEqual(await seen('crashed', 'drop_crashed'), before, `after ${commands} commands`);
    }
    t.true(crashes > 40, `crashed ${crashes} times`);
  });
} else {
  test.skip('Redis: lost order lists and feeds (redis-server is not installed)', () => {});
}
