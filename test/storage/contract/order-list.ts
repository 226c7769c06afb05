// What every driver of the order read model must do. Each test has shards and users of its own.

import test from 'ava';
import type { OrderView } from '../../../contracts/orders.ts';
import type { OrderListStore } from '../../../storage/ports/order-list.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { readAll, refusesForeignCursors } from './paging.ts';

export function orderView(id: string, userId: string, changes: Partial<OrderView> = {}): OrderView {
  return {
    id,
    dropId: 'drop_of_orders',
    userId,
    quantity: 2,
    status: 'reserved',
    totalAmount: 2400,
    currency: 'EUR',
    createdAt: 1000,
    holdExpiresAt: 61_000,
    paymentReference: 'pay_1',
    refundRequested: false,
    version: 1,
    ...changes,
  };
}

export const ANY_TIME = { from: 0, to: Number.MAX_SAFE_INTEGER };

export function orderListContract(stores: () => Pick<Stores, 'orderList'>): void {
  const orders = (): OrderListStore => stores().orderList;
  let lastShard = 0;
  const nextShard = () => ++lastShard;
  const ids = (items: readonly OrderView[]) => items.map(({ id }) => id);
  const first = { limit: 100, cursor: null };

  test('O9: an order is read as it was put, by its user only', async (t) => {
    const plain = orderView('drop_a-1', 'user_a', { dropId: 'drop_a' });
    const rich = orderView('drop_a-2', 'user_a', {
      dropId: 'drop_elsewhere',
      holdExpiresAt: null,
      paymentReference: null,
      refundRequested: true,
      status: 'refunded',
      createdAt: 2000,
    });
    const empty = orderView('drop_a-3', 'user_a', { paymentReference: '', createdAt: 3000 });
    const long = 'ü'.repeat(200);
    const tagged = orderView('drop_a-4', 'user_a', {
      paymentReference: 'other',
      createdAt: 4000,
      metadata: `{"gift":"yes","text":"${long} ~"}`,
    });
    const partly = orderView('drop_a-5', 'user_a', {
      dropId: 'drop_a',
      status: 'confirmed',
      createdAt: 5000,
      metadata: '{"gift":"no"}',
      refundedAmount: 900_719_925_474_099,
      refundedQuantity: 1,
    });
    const onlyUnits = orderView('drop_a-6', 'user_a', {
      dropId: 'drop_a',
      createdAt: 6000,
      holdExpiresAt: null,
      refundedQuantity: 2,
    });
    const detailed = orderView('drop_a-7', 'user_a', { createdAt: 7000, hasDetails: true });
    const whole = {
      ...tagged,
      ...partly,
      id: 'drop_a-8',
      createdAt: 8000,
      hasDetails: true,
    } as const;
    const rows = [plain, rich, empty, tagged, partly, onlyUnits, detailed, whole];
    await orders().put([{ shard: nextShard(), sequence: 1, rows }]);
    t.deepEqual((await orders().listByUser('user_a', first)).items, rows.toReversed());
    t.deepEqual(await orders().findOrder('user_a', 'drop_a-4', ANY_TIME), tagged);
    t.deepEqual(await orders().findOrder('user_a', 'drop_a-5', ANY_TIME), partly);
    t.deepEqual(await orders().findOrder('user_a', 'drop_a-2', ANY_TIME), rich);
    t.is(await orders().findOrder('user_b', 'drop_a-2', ANY_TIME), null);
    t.is(await orders().findOrder('user_a', 'drop_a-9', ANY_TIME), null);
    t.deepEqual((await orders().listByUser('user_b', first)).items, []);
  });

  test('O9: an order is found in the time it was placed, as its newest version', async (t) => {
    const shard = nextShard();
    const rows = Array.from({ length: 2_500 }, (_, i) =>
      orderView(`drop_w-${i.toString(36)}`, 'user_w', { createdAt: 1000 + i }),
    );
    const wanted = { ...rows[2_400]!, version: 3, quantity: 3 };
    await orders().put([{ shard, sequence: 1, rows }]);
    await orders().put([{ shard, sequence: 2, rows: [wanted] }]);
    await orders().put([{ shard, sequence: 3, rows: [{ ...wanted, version: 2, quantity: 2 }] }]);
    const find = (from: number, to: number) =>
      orders().findOrder('user_w', wanted.id, { from, to });
    t.deepEqual(await find(0, 4000), wanted);
    t.deepEqual(await find(3400, 3400), wanted);
    t.is(await find(3401, 4000), null);
    t.is(await find(0, 3399), null);
  });

  test('N11: newer versions replace, others are ignored', async (t) => {
    const shard = nextShard();
    const at = (version: number, quantity: number) =>
      orderView('drop_v-1', 'user_v', { version, quantity });
    await orders().put([{ shard, sequence: 1, rows: [at(3, 3)] }]);
    await orders().put([{ shard, sequence: 2, rows: [at(2, 2), at(3, 3)] }]);
    t.is((await orders().findOrder('user_v', 'drop_v-1', ANY_TIME))!.quantity, 3);
    await orders().put([{ shard, sequence: 3, rows: [at(5, 5), at(4, 4)] }]);
    t.is((await orders().findOrder('user_v', 'drop_v-1', ANY_TIME))!.quantity, 5);
    const { items } = await orders().listByUser('user_v', first);
    t.deepEqual(items, [at(5, 5)]);
  });

  test('N11: batches at or behind the position are ignored', async (t) => {
    const shard = nextShard();
    const put = (sequence: number, ...rows: OrderView[]) =>
      orders().put([{ shard, sequence, rows }]);
    t.is(await orders().position(shard), 0);
    await put(5, orderView('drop_p-1', 'user_p'));
    await put(5, orderView('drop_p-2', 'user_p'));
    await put(4, orderView('drop_p-3', 'user_p'));
    t.deepEqual(ids((await orders().listByUser('user_p', first)).items), ['drop_p-1']);
    await put(9);
    t.is(await orders().position(shard), 9);
    await orders().put([]);
  });

  test('O9: orders are paged newest first, ties by id, however they came', async (t) => {
    const shard = nextShard();
    const times = [5, 3, 5, 1, 3, 5, 2];
    const rows = times.map((createdAt, i) => orderView(`drop_l-${i}`, 'user_l', { createdAt }));
    await orders().put([{ shard, sequence: 1, rows: rows.slice(0, 4) }]);
    await orders().put([{ shard, sequence: 2, rows: rows.slice(4) }]);
    const changed = { createdAt: 1, version: 2, status: 'confirmed' } as const;
    await orders().put([{ shard, sequence: 3, rows: [orderView('drop_l-3', 'user_l', changed)] }]);
    const list = (page: { limit: number; cursor: string | null }) =>
      orders().listByUser('user_l', page);
    const wanted = [5, 2, 0, 4, 1, 6, 3].map((i) => `drop_l-${i}`);
    for (const limit of [1, 2, 3, 7, 100]) t.deepEqual(ids(await readAll(t, list, limit)), wanted);
    await refusesForeignCursors(t, list);
  });

  test('O9: orders of one millisecond are listed by their ordinals as numbers', async (t) => {
    const shard = nextShard();
    const ordinals = [1, 2, 9, 10, 35, 36, 37, 71, 72, 1295, 1296, 46_655, 46_656];
    const order = (dropId: string, ordinal: number, changes: Partial<OrderView> = {}) =>
      orderView(`${dropId}-${ordinal.toString(36)}`, 'user_ms', {
        dropId,
        createdAt: 7,
        ...changes,
      });
    const rows = ordinals.flatMap((ordinal) => [
      order('drop_m1', ordinal),
      order('drop_m2', ordinal),
    ]);
    const older = order('drop_m3', 99_999, { createdAt: 6 });
    const newer = order('drop_m3', 0, { createdAt: 8 });
    await orders().put([{ shard, sequence: 1, rows: [newer, ...rows, older] }]);
    const confirmed = { status: 'confirmed', version: 2 } as const;
    const paid = ordinals.slice(0, 7).map((ordinal) => order('drop_m1', ordinal, confirmed));
    await orders().put([{ shard, sequence: 2, rows: paid }]);
    const wanted = [newer.id];
    for (const ordinal of ordinals.toReversed()) {
      wanted.push(order('drop_m2', ordinal).id, order('drop_m1', ordinal).id);
    }
    wanted.push(older.id);
    const list = (page: { limit: number; cursor: string | null }) =>
      orders().listByUser('user_ms', page);
    for (const limit of [1, 2, 3, 5, 100]) t.deepEqual(ids(await readAll(t, list, limit)), wanted);
    const { items } = await list(first);
    t.is(items.filter(({ status }) => status === 'confirmed').length, paid.length);
  });

  test('X2: totals of a drop count each order once, as it stands', async (t) => {
    const shard = nextShard();
    const dropId = 'drop_t';
    const order = (n: number, changes: Partial<OrderView>) =>
      orderView(`${dropId}-${n}`, `user_t${n % 3}`, { dropId, ...changes });
    await orders().put([
      {
        shard,
        sequence: 1,
        rows: [
          order(1, { quantity: 1 }),
          order(2, { quantity: 2 }),
          order(3, { quantity: 4, status: 'confirmed' }),
          order(4, { quantity: 8, status: 'cancelled' }),
          order(5, { quantity: 16, status: 'confirmed', refundedQuantity: 7 }),
          orderView('drop_t2-1', 'user_t1', { dropId: 'drop_t2', quantity: 100 }),
        ],
      },
      { shard, sequence: 2, rows: [order(2, { quantity: 2, status: 'confirmed', version: 2 })] },
    ]);
    const totals = (await orders().totalsOfDrops([dropId])).get(dropId)!;
    t.deepEqual(totals, { orders: 5, heldUnits: 1, soldUnits: 15 });
    const none = (await orders().totalsOfDrops(['drop_none'])).get('drop_none')!;
    t.deepEqual(none, { orders: 0, heldUnits: 0, soldUnits: 0 });
  });
}
