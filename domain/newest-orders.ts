// A drop's orders for its creator, newest first: by their ordinals, which rise with time (O9a). A
// page continues from an ordinal, so it costs the same at any depth.

import type { ListOrders } from '../contracts/commands.ts';
import type { DropOrdersFilter, DropOrdersSlice, OrderView } from '../contracts/orders.ts';
import type { DropState } from './drop-state.ts';
import { disputesOf } from './order-disputes.ts';

/**
 * Orders looked at without a pause, some 0.2 ms: a filter may match few of them. The caller goes on
 * from where the slice ended.
 */
const LOOKED_AT_MAX = 1 << 15;

/** The next orders that match, as far as one look goes. */
export function newestOrders(
  state: DropState,
  { filter, before, limit }: Pick<ListOrders, 'filter' | 'before' | 'limit'>,
): DropOrdersSlice {
  const { orders, version } = state;
  const items: OrderView[] = [];
  const first = Math.min(before ?? orders.size, orders.size);
  const { userId } = filter;
  const user = userId === undefined ? null : state.findUser(userId);
  if (user === -1) return { items, before: null, version };
  const last = Math.max(0, first - LOOKED_AT_MAX);
  let ordinal = first;
  while (ordinal > last && items.length < limit) {
    ordinal -= 1;
    if (isPlacedBefore(state, ordinal, filter)) return { items, before: null, version };
    if (user !== null && orders.user(ordinal) !== user) continue;
    if (matchesOrder(state, ordinal, filter)) items.push(state.orderView(ordinal));
  }
  return { items, before: ordinal === 0 ? null : ordinal, version };
}

/** Whether the order, and so every older one, is from before the filter's time. */
export function isPlacedBefore(
  { orders }: DropState,
  ordinal: number,
  { since }: DropOrdersFilter,
): boolean {
  return since !== undefined && orders.createdAt(ordinal) < since;
}

/** Whether an order has the filter's status and disputes, and is from before its end. */
export function matchesOrder(
  { orders }: DropState,
  ordinal: number,
  { status, until, disputed }: DropOrdersFilter,
): boolean {
  if (disputed === true && disputesOf(orders.payments(ordinal)).length === 0) return false;
  if (status !== undefined && orders.status(ordinal) !== status) return false;
  return until === undefined || orders.createdAt(ordinal) < until;
}
