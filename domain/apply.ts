// Applies events to a drop, in place. The same events in the same order give the same state, on any
// node and at any later time. Asserts the stock invariant (S1) after every change, in production
// too.

import { assert } from './assert.ts';
import { DropState } from './drop-state.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import type { OrderStatus } from '../contracts/orders.ts';
import { fnv1a, orderId, paymentReference } from './ids.ts';

/** Creates the drop of a `drop-created` event. `time`: of its journal entry, in milliseconds. */
export function createDrop(event: DropEvent, time: number): DropState {
  assert(event.type === 'drop-created', `a drop begins with drop-created, not ${event.type}`);
  const state = new DropState(event.terms, event.stock, time);
  state.version = 1;
  assertStock(state);
  return state;
}

/**
 * Applies one event of `time` (milliseconds). Throws InvariantError if it contradicts the state.
 */
export function applyEvent(state: DropState, event: DropEvent, time: number): void {
  state.version += 1;
  switch (event.type) {
    case 'order-placed':
      placeOrder(state, event, time);
      break;
    case 'order-confirmed':
      setReference(state, event.ordinal, event.reference);
      changeOrder(state, event.ordinal, 'reserved', 'confirmed');
      break;
    case 'order-confirmed-late':
      setReference(state, event.ordinal, event.reference);
      confirmLate(state, event.ordinal);
      break;
    case 'order-failed':
      setReference(state, event.ordinal, event.reference);
      changeOrder(state, event.ordinal, 'reserved', 'failed');
      break;
    case 'order-expired':
      changeOrder(state, event.ordinal, 'reserved', 'expired');
      break;
    case 'order-cancelled':
      changeOrder(state, event.ordinal, 'reserved', 'cancelled');
      break;
    case 'order-refunded':
      changeOrder(state, event.ordinal, 'confirmed', 'refunded');
      break;
    case 'refund-requested':
      setReference(state, event.ordinal, event.reference);
      requestRefund(state, event.ordinal);
      break;
    case 'drop-opened':
      assert(state.status === 'upcoming', 'only an upcoming drop opens');
      state.status = 'live';
      break;
    case 'drop-closed':
      assert(state.status === 'live', 'only a live drop closes');
      state.status = 'ended';
      break;
    case 'drop-cancelled':
      assert(
        state.status === 'upcoming' || state.status === 'live',
        'only a drop that is not over is cancelled',
      );
      state.status = 'cancelled';
      break;
    case 'drop-amended':
      state.startsAt = event.startsAt;
      state.endsAt = event.endsAt;
      state.limitPerUser = event.limitPerUser;
      break;
    case 'drop-restocked':
      state.stocked += event.units;
      break;
    case 'drop-created':
      assert(false, 'a drop is created once');
  }
  if (state.status === 'cancelled') advanceSweep(state);
  assertStock(state);
}

function placeOrder(
  state: DropState,
  event: DropEvent & { type: 'order-placed' },
  time: number,
): void {
  assert(state.status === 'live', 'orders are placed in a live drop');
  const user = state.userOrdinal(event.userId);
  const status = state.payment === 'instant' ? 'confirmed' : 'reserved';
  const order = {
    quantity: event.quantity,
    createdAt: time,
    status,
    version: state.version,
  } as const;
  state.orders.add(user, fnv1a(event.userId), event.key, order);
  state.userUnits[user]! += event.quantity;
  if (status === 'confirmed') state.sold += event.quantity;
  else state.held += event.quantity;
}

/** Changes an order's status, and moves its units: from held or sold to sold, or to free. */
function changeOrder(state: DropState, ordinal: number, from: OrderStatus, to: OrderStatus): void {
  const orders = state.orders;
  assert(orders.status(ordinal) === from, `order ${ordinal} must be ${from} to become ${to}`);
  const quantity = orders.quantity(ordinal);
  if (from === 'reserved') state.held -= quantity;
  else state.sold -= quantity;
  if (to === 'confirmed') state.sold += quantity;
  else state.userUnits[orders.user(ordinal)]! -= quantity;
  const refundRequested = to === 'refunded' && state.payment === 'provider';
  orders.change(ordinal, to, refundRequested, state.version);
}

function confirmLate(state: DropState, ordinal: number): void {
  const status = state.orders.status(ordinal);
  assert(
    status === 'expired' || status === 'failed',
    'only an order without its units is confirmed late',
  );
  const quantity = state.orders.quantity(ordinal);
  state.sold += quantity;
  state.userUnits[state.orders.user(ordinal)]! += quantity;
  state.orders.change(ordinal, 'confirmed', false, state.version);
}

function requestRefund(state: DropState, ordinal: number): void {
  const status = state.orders.status(ordinal);
  assert(
    status !== 'reserved' && status !== 'confirmed',
    'a refund without units is for an order without units',
  );
  state.orders.change(ordinal, status === 'expired' ? 'failed' : status, true, state.version);
}

function setReference(state: DropState, ordinal: number, reference: string): void {
  const derived = paymentReference(orderId(state.id, ordinal));
  state.orders.setReference(ordinal, reference === derived ? null : reference);
}

function advanceSweep(state: DropState): void {
  const orders = state.orders;
  for (; state.sweepCursor < orders.size; state.sweepCursor++) {
    const status = orders.status(state.sweepCursor);
    if (status === 'reserved' || status === 'confirmed') return;
  }
}

function assertStock(state: DropState): void {
  assert(
    state.held >= 0 && state.sold >= 0 && state.held + state.sold <= state.stocked,
    `stock of ${state.id} does not add up: ` +
      `${state.held} held, ${state.sold} sold, ${state.stocked} stocked`,
  );
}
