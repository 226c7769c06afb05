// A drop's orders, newest first, filtered, in slices (O9a).

import test from 'ava';
import { applyEvent } from '../../domain/apply.ts';
import { newestOrders } from '../../domain/newest-orders.ts';
import type { DropOrdersFilter, OrderView } from '../../contracts/orders.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { dropWith } from '../storage/sealed-drops.ts';

const ORDERS = 50_000;

/** All slices of a list, and how many there were. */
function all(state: DropState, filter: DropOrdersFilter, limit: number) {
  const items: OrderView[] = [];
  let slices = 0;
  for (let before: number | null = null; ; slices++) {
    const slice = newestOrders(state, { filter, before, limit });
    items.push(...slice.items);
    if (slice.items.length > limit) throw new Error('a slice is too long');
    before = slice.before;
    if (before === null) return { items, slices: slices + 1 };
  }
}

function ordinals(items: readonly OrderView[]): number[] {
  return items.map(({ id }) => Number.parseInt(id.split('-')[1]!, 36));
}

test('O9a: a drop’s orders come newest first, as the drop has them', (t) => {
  const state = dropWith(250);
  const { items } = all(state, {}, 100);
  t.deepEqual(
    items,
    Array.from({ length: 250 }, (_, i) => state.orderView(249 - i)),
  );
  t.deepEqual(all(dropWith(0), {}, 100), { items: [], slices: 1 });
});

test('O9a: status, user and times choose orders', (t) => {
  const state = dropWith(12_000);
  for (const ordinal of [7, 5007, 11_999])
    applyEvent(state, { type: 'order-cancelled', ordinal }, 90_000);
  const find = (filter: DropOrdersFilter) => ordinals(all(state, filter, 3).items);
  t.deepEqual(find({ status: 'cancelled' }), [11_999, 5007, 7]);
  t.deepEqual(find({ userId: 'user7' }), [10_007, 5007, 7]);
  t.deepEqual(find({ userId: 'user7', status: 'cancelled' }), [5007, 7]);
  t.deepEqual(find({ userId: 'nobody' }), []);
  // Order i was placed at 1000 + i.
  t.deepEqual(find({ since: 12_997 }), [11_999, 11_998, 11_997]);
  t.deepEqual(find({ until: 1002 }), [1, 0]);
  t.deepEqual(find({ since: 6000, until: 6002 }), [5001, 5000]);
});

test('O9a: one slice looks at a bounded number of orders, whatever the filter', (t) => {
  const state = dropWith(ORDERS);
  applyEvent(state, { type: 'order-cancelled', ordinal: 0 }, 90_000);
  const first = newestOrders(state, { filter: { status: 'cancelled' }, before: null, limit: 10 });
  t.is(first.items.length, 0);
  t.true(first.before !== null && first.before > 0);
  const { items, slices } = all(state, { status: 'cancelled' }, 10);
  t.deepEqual([ordinals(items), slices], [[0], 2]);
});
