// The read models, webhook log and consumer positions on a real Redis: their contracts, and appends
// that end half way or come from two owners at once.

import test, { type ExecutionContext } from 'ava';
import { fnv1a } from '../../domain/ids.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { packOrder } from '../../storage/redis/rows/order-members.ts';
import { bucketOf, feedKey, ordersKey } from '../../storage/redis/rows/user-buckets.ts';
import type { OrderChanges } from '../../storage/ports/read-models.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { ANY_TIME, orderView } from './contract/order-list.ts';
import { silent } from './redis-fixture.ts';
import { diesAfter, loses, pausesAfter } from './redis-interrupted.ts';
import {
  type RedisProjections,
  redisProjections,
  redisProjectionsContracts,
} from './redis-projections.ts';

/** Enough that they stand in many buckets. */
const USERS = 40;
const SEQUENCES = 6;
/** Between two places where an append ends half way. */
const COMMANDS_STEP = 3;
const all = { limit: 100, cursor: null };
const anyUser = () => true;

let server: RedisServer;
let redis: RedisConnection;
let stores: RedisProjections;

/** Entries of a drop: the first reserves an order for each user, each later one confirms some. */
function entries(shard: number, dropId: string): OrderChanges[] {
  const order = (user: number, version: number, confirmed: boolean) =>
    orderView(`${dropId}-${user.toString(36)}`, `user_${dropId}_${user}`, {
      dropId,
      version,
      quantity: 1 + (user % 3),
      status: confirmed ? 'confirmed' : 'reserved',
    });
  const users = Array.from({ length: USERS }, (_, user) => user);
  return Array.from({ length: SEQUENCES }, (_, i) => ({
    shard,
    sequence: i + 1,
    time: 10_000 + i,
    rows:
      i === 0
        ? users.map((user) => ({
            order: order(user, 1 + user, false),
            notificationType: null,
            refundRequested: false,
          }))
        : users
            .filter((user) => user % (SEQUENCES - 1) === i - 1)
            .map((user) => ({
              order: order(user, 100 * i + user, true),
              notificationType: 'order.confirmed' as const,
              refundRequested: false,
            })),
  }));
}

/** All of `entries` is contained, and nothing twice. */
async function isComplete(t: ExecutionContext, shard: number, dropId: string): Promise<void> {
  const { feed, orderList, readModels } = stores;
  for (let user = 0; user < USERS; user++) {
    const userId = `user_${dropId}_${user}`;
    const { items: orders } = await orderList.listByUser(userId, all);
    t.deepEqual(
      orders.map(({ id, status }) => [id, status]),
      [[`${dropId}-${user.toString(36)}`, 'confirmed']],
    );
    const { items: notifications } = await feed.list(userId, { unread: false }, all);
    t.deepEqual(
      notifications.map(({ id, type, data }) => [id, type, data.orderId]),
      [['1', 'order.confirmed', orders[0]!.id]],
    );
  }
  const soldUnits = Array.from({ length: USERS }, (_, user) => 1 + (user % 3));
  t.deepEqual((await orderList.totalsOfDrops([dropId])).get(dropId)!, {
    orders: USERS,
    heldUnits: 0,
    soldUnits: soldUnits.reduce((sum, units) => sum + units, 0),
  });
  t.is(await readModels.position(shard), SEQUENCES);
}

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    redis = await connectRedis({ address: server.address, name: 'test', log: silent });
    stores = redisProjections(redis);
    // So that no script below needs a second command because Redis does not know it yet.
    await stores.readModels.store(entries(200, 'drop_first'), anyUser);
  });
  test.after.always(async () => {
    redis?.disconnect();
    await server?.stop();
  });

  redisProjectionsContracts(() => stores);

  test('N11: what ended half way is completed by the next, and nothing is doubled', async (t) => {
    let ended = 0;
    for (let commands = 0; ; commands += COMMANDS_STEP) {
      const shard = 201 + ended;
      const dropId = `drop_half${commands}`;
      const batches = entries(shard, dropId);
      const dying = redisProjections(diesAfter(redis, commands)).readModels;
      const [outcome] = await Promise.allSettled([dying.store(batches, anyUser)]);
      if (outcome.status === 'fulfilled') break;
      ended += 1;
      t.is((outcome.reason as { code?: string }).code, 'store-unavailable');
      t.true((await stores.readModels.position(shard)) < SEQUENCES);
      await stores.readModels.store(batches, anyUser);
      await isComplete(t, shard, dropId);
      t.deepEqual(await stores.readModels.store(batches, anyUser), []);
    }
    t.true(ended > 10);
  });

  test('N11: what two owners of a shard bring at once is there once', async (t) => {
    const batches = entries(240, 'drop_two');
    const other = redisProjections(redis);
    const stored = await Promise.all([
      ...batches.map((batch) => stores.readModels.store([batch], anyUser)),
      other.readModels.store(batches.slice(0, 3), anyUser),
      other.readModels.store(batches.slice(3), anyUser),
    ]);
    t.is(stored.flat().length, USERS);
    await isComplete(t, 240, 'drop_two');
  });

  test('N11: an old owner that goes on long after the new one changes nothing', async (t) => {
    const batches = entries(241, 'drop_late');
    // It has read its positions, and its rows are on their way.
    const slow = pausesAfter(redis, 1);
    const old = redisProjections(slow.connection).readModels.store(batches.slice(0, 3), anyUser);
    await slow.paused;
    await stores.readModels.store(batches, anyUser);
    slow.resume();
    t.deepEqual(await old, []);
    await isComplete(t, 241, 'drop_late');
  });

  test('N11: rows do not overtake those of an append that failed', async (t) => {
    const batches = [1, 2, 3].map((sequence) => ({
      shard: 242,
      sequence,
      rows: [{ userId: 'user_o', type: 'x', data: { sequence }, createdAt: sequence }],
    }));
    // The position is read, and the first rows are lost.
    const { feed } = redisProjections(loses(redis, 2));
    const appends = batches.map((batch) => feed.append([batch]));
    for (const append of appends) await failsWith(t, 'store-unavailable', append);
    t.is(await feed.position(242), 0);
    t.is((await feed.append(batches)).length, batches.length);
    const { items } = await feed.list('user_o', { unread: false }, all);
    t.deepEqual(
      items.map(({ data }) => data.sequence),
      [3, 2, 1],
    );
  });

  test('J1: rows of the first format are read, and new ones follow them', async (t) => {
    const { feed, orderList, readModels } = stores;
    const [dropId, userId, shard] = ['drop_old', 'user_old', 244];
    const placed = (ordinal: number) => 1_800_000_000_000 + ordinal;
    const order = (ordinal: number) =>
      orderView(`${dropId}-${ordinal.toString(36)}`, userId, {
        dropId,
        createdAt: placed(ordinal),
        version: ordinal,
        status: 'confirmed',
      });
    const OLD = 100;
    for (let i = 1; i <= OLD; i++) {
      const text = packOrder(order(i));
      await redis.zadd(ordersKey(bucketOf(userId), userId), placed(i), text);
      await redis.rpush(feedKey(bucketOf(userId), userId), `c ${placed(i).toString(36)} ${text}`);
      const name = i.toString(36);
      await redis.hset(`orders:totals:${dropId}:${fnv1a(name) % 16}`, `${name} ${i}`, 'c2');
    }
    const batches = Array.from({ length: 100 }, (_, i) => ({
      shard,
      sequence: i + 1,
      time: 1_800_000_005_000 + i,
      rows: [
        {
          order: order(OLD + 1 + i),
          notificationType: 'order.confirmed' as const,
          refundRequested: false,
        },
      ],
    }));
    const stored = await readModels.store(batches, anyUser);
    t.deepEqual([stored[0]!.id, stored.at(-1)!.id], ['101', '200']);
    const { items, nextCursor } = await orderList.listByUser(userId, all);
    const rest = await orderList.listByUser(userId, { limit: 100, cursor: nextCursor });
    t.deepEqual(
      [...items, ...rest.items],
      Array.from({ length: 200 }, (_, i) => order(200 - i)),
    );
    t.is(rest.nextCursor, null);
    const notifications = await feed.listAfter(userId, '99', 2);
    t.deepEqual(
      notifications.map(({ data, createdAt }) => [data.orderId, createdAt]),
      [
        [order(100).id, placed(100)],
        [order(101).id, 1_800_000_005_000],
      ],
    );
    t.deepEqual((await orderList.totalsOfDrops([dropId])).get(dropId)!, {
      orders: 200,
      heldUnits: 0,
      soldUnits: 400,
    });
  });

  test('H3: a user with many versions of many orders is paged without gaps', async (t) => {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const id = `drop_m-${i.toString(36)}`;
      const createdAt = 1000 + Math.floor(i / 20);
      return [1, 2, 3, 4, 5].map((version) => orderView(id, 'user_m', { version, createdAt }));
    });
    await stores.orderList.put([{ shard: 243, sequence: 1, rows: rows.flat() }]);
    for (const limit of [1, 7, 100]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await stores.orderList.listByUser('user_m', { limit, cursor });
        seen.push(...page.items.map(({ id, version }) => `${id}:${version}`));
        cursor = page.nextCursor;
      } while (cursor !== null);
      const expected = rows
        .map((versions) => versions.at(-1)!)
        .toReversed()
        .map(({ id }) => `${id}:5`);
      t.deepEqual(seen, expected);
    }
    t.is((await stores.orderList.findOrder('user_m', 'drop_m-a', ANY_TIME))?.version, 5);
    t.is(await stores.orderList.findOrder('user_m', 'drop_m-*', ANY_TIME), null);
  });
} else {
  test.skip('read models on Redis need redis-server', () => {});
}
