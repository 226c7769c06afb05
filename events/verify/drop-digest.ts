// A digest of a drop with everything about its orders, equal for a shard's drop and for the same
// drop in a replay, which stores its orders in another way. What never changes of an order goes
// into a chain when the order is placed, since a replay does not store keys. What changes goes into
// a second chain when the digest is taken. A chain has 64 bits: two drops that differ by accident
// have the same digest once in 10^19 times. It is no protection against forgery.

import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { OrderTable } from '../../domain/order-table.ts';
import { textHash } from '../../domain/text-index.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import { type Chain, type DropHead, headOf, type ReplayedDrop } from '../replay/replayed-drop.ts';

/** Orders digested without a pause: some tenths of a millisecond. */
const ORDERS_AT_ONCE = 128;
const CHAIN_FIRST: Chain = [0x811c9dc5, 0x9747b28c];

/** A shard's drop at one moment. */
export interface DropMoment {
  readonly head: DropHead;
  readonly state: DropState;
  /** What may change later is copied. */
  readonly orders: OrderTable;
}

/** Copies 5 MB for a million orders. The rest is read from the shard's drop: it never changes. */
export function momentOf(state: DropState): DropMoment {
  const orders = new OrderTable();
  for (const columns of state.orders.columns) {
    const { states, versions, payments } = columns;
    orders.columns.push({
      ...columns,
      states: states.slice(),
      versions: versions.slice(),
      payments: payments && new Map(payments),
    });
  }
  return { head: headOf(state), state, orders };
}

/** Extends the drop's chain by an event of the time `time` that was just applied to it. */
export function extendChain(drop: ReplayedDrop, event: DropEvent, time: number): void {
  if (event.type !== 'order-placed') return;
  drop.placed = withOrder(drop.placed ?? CHAIN_FIRST, event, time);
}

/** Awaits `pause` between two steps. */
export async function digestOfMoment(moment: DropMoment, pause: Pause): Promise<string> {
  const { head, orders } = moment;
  const { users, orders: live } = moment.state;
  let placed = CHAIN_FIRST;
  for (let ordinal = 0; ordinal < head.orders; ordinal++) {
    const userId = users.textOf(live.user(ordinal));
    const key = live.keys.textOf(ordinal);
    const quantity = orders.quantity(ordinal);
    const metadata = live.metadata(ordinal);
    const pass = live.pass(ordinal);
    const order = {
      userId,
      key,
      quantity,
      ...(metadata !== undefined && { metadata }),
      ...(pass !== undefined && { pass }),
    };
    placed = withOrder(placed, order, orders.createdAt(ordinal));
    if (ordinal % ORDERS_AT_ONCE === 0) await pause();
  }
  return await digest({ ...head, placed }, orders, pause);
}

/** `pause` may evict pages of orders, but not the drop. */
export function digestOfReplayed(drop: ReplayedDrop, pause: Pause): Promise<string> {
  return digest({ ...headOf(drop), placed: drop.placed ?? CHAIN_FIRST }, drop.orders, pause);
}

async function digest(drop: DropHead, orders: OrderTable, pause: Pause): Promise<string> {
  // Without the revision: a drop of a snapshot of level 2 has a higher one than its replay.
  const { revision: _, ...head } = drop;
  let [first, second] = CHAIN_FIRST;
  for (let ordinal = 0; ordinal < head.orders; ordinal++) {
    const text =
      `${orders.status(ordinal)} ${orders.refundRequested(ordinal)} ` +
      `${orders.version(ordinal)} ${orders.payments(ordinal) ?? ''}` +
      (orders.hasDetails(ordinal) ? ' details' : '');
    first = textHash(text, first);
    second = textHash(text, second);
    if (ordinal % ORDERS_AT_ONCE === 0) await pause();
  }
  return JSON.stringify([head, first, second]);
}

/** What never changes of an order. */
type PlacedOrder = Pick<
  DropEvent & { type: 'order-placed' },
  'userId' | 'key' | 'quantity' | 'metadata' | 'pass'
>;

function withOrder([first, second]: Chain, order: PlacedOrder, createdAt: number): Chain {
  const { userId, key, quantity, metadata = '', pass } = order;
  const withPass = pass === undefined ? '' : ` ${pass}`;
  const text = `${userId}\n${key}\n${quantity} ${createdAt}${withPass}${metadata}`;
  return [textHash(text, first), textHash(text, second)];
}
