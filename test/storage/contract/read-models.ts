// What every driver that fills the order lists and the feed must do. Each test has shards and users
// of its own.

import test from 'ava';
import type { OrderChange, OrderChanges } from '../../../storage/ports/read-models.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { ANY_TIME, orderView } from './order-list.ts';

const SHARD_FIRST = 900;

export function readModelsContract(
  stores: () => Pick<Stores, 'readModels' | 'orderList' | 'feed'>,
): void {
  let lastShard = SHARD_FIRST;
  const nextShard = () => ++lastShard;
  const first = { limit: 100, cursor: null };
  const everybody = () => true;
  const change = (id: string, userId: string, changes: Partial<OrderChange> = {}): OrderChange => ({
    order: orderView(id, userId, { dropId: 'drop_k', status: 'confirmed' }),
    notificationType: 'order.confirmed',
    refundRequested: false,
    ...changes,
  });
  const batch = (shard: number, sequence: number, ...rows: OrderChange[]): OrderChanges => ({
    shard,
    sequence,
    time: 5000 + sequence,
    rows,
  });
  const seen = async (userId: string) => ({
    orders: (await stores().orderList.listByUser(userId, first)).items,
    feed: (await stores().feed.list(userId, { unread: false }, first)).items,
  });

  test('N1: an order and its notification are both read back', async (t) => {
    const told = change('drop_k-1', 'user_k1');
    const untold = change('drop_k-2', 'user_k1', {
      order: orderView('drop_k-2', 'user_k1', { dropId: 'drop_k', createdAt: 2000 }),
      notificationType: null,
    });
    const refunded = change('drop_k-3', 'user_k2', {
      notificationType: 'order.failed',
      refundRequested: true,
    });
    const kept = await stores().readModels.store(
      [batch(nextShard(), 1, told, untold, refunded)],
      everybody,
    );
    const amounts = { dropId: 'drop_k', quantity: 2, totalAmount: 2400, currency: 'EUR' };
    t.deepEqual(
      kept.map(({ userId, type, data, createdAt, readAt }) => [
        userId,
        type,
        data,
        createdAt,
        readAt,
      ]),
      [
        ['user_k1', 'order.confirmed', { orderId: 'drop_k-1', ...amounts }, 5001, null],
        [
          'user_k2',
          'order.failed',
          { orderId: 'drop_k-3', ...amounts, refundRequested: true },
          5001,
          null,
        ],
      ],
    );
    t.deepEqual(await seen('user_k1'), { orders: [untold.order, told.order], feed: [kept[0]!] });
    t.deepEqual(await seen('user_k2'), { orders: [refunded.order], feed: [kept[1]!] });
  });

  test('O12a: a notification says how much of its order was refunded by then', async (t) => {
    const part = (refundedAmount: number, version: number) =>
      change('drop_k-1', 'user_k9', {
        order: orderView('drop_k-1', 'user_k9', { version, refundedAmount, refundedQuantity: 1 }),
        notificationType: 'order.partially_refunded',
      });
    await stores().readModels.store([batch(nextShard(), 1, part(5, 2), part(7, 3))], everybody);
    const { feed } = await seen('user_k9');
    t.like(feed, [
      { type: 'order.partially_refunded', data: { refundedAmount: 7, refundedQuantity: 1 } },
      { type: 'order.partially_refunded', data: { refundedAmount: 5, refundedQuantity: 1 } },
    ]);
  });

  test('N11: changes that are delivered again are stored once', async (t) => {
    const shard = nextShard();
    const { readModels } = stores();
    const one = batch(shard, 3, change('drop_k-1', 'user_k3'));
    const two = batch(shard, 4, change('drop_k-2', 'user_k3'));
    t.is((await readModels.store([one], everybody)).length, 1);
    t.is((await readModels.store([one, two, two], everybody)).length, 1);
    t.deepEqual(await readModels.store([one, two], everybody), []);
    const { orders, feed } = await seen('user_k3');
    t.is(orders.length, 2);
    t.deepEqual(
      feed.map(({ data }) => data.orderId),
      ['drop_k-2', 'drop_k-1'],
    );
    t.is(await readModels.position(shard), 4);
  });

  test('O9: very many orders of one user are all listed, notified or not', async (t) => {
    const shard = nextShard();
    const { orderList, readModels } = stores();
    const userId = 'user_k6';
    const id = (n: number) => `drop_k-${n.toString(36).padStart(3, '0')}`;
    const stand = (
      n: number,
      version: number,
      notificationType: OrderChange['notificationType'],
    ): OrderChange => ({
      // Two orders at a time, and some that were placed before those that came earlier.
      order: orderView(id(n), userId, {
        dropId: 'drop_k',
        version,
        createdAt: 1000 + (n % 10 === 0 ? n - 9 : n) - (n % 2),
        status: notificationType === null ? 'reserved' : 'confirmed',
      }),
      notificationType,
      refundRequested: false,
    });
    const ORDERS = 210;
    for (let n = 0; n < ORDERS; n++) {
      // Each third waits for its payment; half of those are paid later.
      const waits = n % 3 === 0;
      const rows = [stand(n, n + 1, waits ? null : 'order.confirmed')];
      const paid = n - 30;
      if (paid >= 0 && paid % 6 === 0) rows.push(stand(paid, ORDERS + n, 'order.confirmed'));
      await readModels.store([batch(shard, n + 1, ...rows)], everybody);
    }
    const placed = (n: number) => stand(n, 1, null).order.createdAt;
    const wanted = Array.from({ length: ORDERS }, (_, n) => n)
      .sort((a, b) => placed(b) - placed(a) || (id(a) < id(b) ? 1 : -1))
      .map((n) => {
        const isPaid = n % 6 === 0 && n + 30 < ORDERS;
        return [id(n), n % 3 !== 0 || isPaid ? 'confirmed' : 'reserved'];
      });
    for (const limit of [7, 100]) {
      const listed: string[][] = [];
      let cursor: string | null = null;
      do {
        const page = await orderList.listByUser(userId, { limit, cursor });
        listed.push(...page.items.map((order) => [order.id, order.status]));
        cursor = page.nextCursor;
      } while (cursor !== null);
      t.deepEqual(listed, wanted, `pages of ${limit}`);
    }
    for (const n of [0, 1, 3, 63, 64, 65, ORDERS - 1]) {
      const found = await orderList.findOrder(userId, id(n), ANY_TIME);
      t.is(
        found?.status,
        n % 3 !== 0 || (n % 6 === 0 && n + 30 < ORDERS) ? 'confirmed' : 'reserved',
      );
    }
  });

  test('N11: changes without rows move the position, each shard by itself', async (t) => {
    const [one, other] = [nextShard(), nextShard()];
    const { readModels } = stores();
    t.is(await readModels.position(one), 0);
    t.deepEqual(await readModels.store([batch(one, 7)], everybody), []);
    t.is(await readModels.position(one), 7);
    t.is(await readModels.position(other), 0);
  });

  test('N1: only notifications of users with a listener are returned', async (t) => {
    const changes = ['user_k4', 'user_k5', 'user_k4'].map((userId, i) =>
      change(`drop_k-${i}`, userId),
    );
    const { readModels } = stores();
    const kept = await readModels.store(
      [batch(nextShard(), 1, ...changes)],
      (userId) => userId === 'user_k5',
    );
    t.deepEqual(kept, (await seen('user_k5')).feed);
    t.is((await seen('user_k4')).feed.length, 2);
  });
}
