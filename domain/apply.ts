// Applies events to a drop, in place. The same events in the same order give the same state, on any
// node and at any later time. Asserts the stock invariant (S1) after every change, in production
// too.

import {
  declinePayment,
  endDispute,
  openDispute,
  preparePayment,
  recordRefund,
  rejectPayment,
  touchOrder,
} from './apply-payment.ts';
import { assert } from './assert.ts';
import { DropState } from './drop-state.ts';
import { changedDescription } from './description.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import type { OrderStatus } from '../contracts/orders.ts';
import { ended } from './hold-stops.ts';
import { fnv1a } from './ids.ts';
import { paymentsOf, setSettledReference, storePayment } from './order-payments.ts';
import { refundedOf, returnedUnits, storeRefund } from './order-refunds.ts';

/** Creates the drop of a `drop-created` event. `time`: of its journal entry, in milliseconds. */
export function createDrop(event: DropEvent, time: number): DropState {
  assert(event.type === 'drop-created', `a drop begins with drop-created, not ${event.type}`);
  const state = new DropState(event.terms, event.stock, time);
  state.version = 1;
  state.revision = event.revision ?? 1;
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
      setSettledReference(state, event.ordinal, event.reference);
      changeOrder(state, event.ordinal, 'reserved', 'confirmed');
      break;
    case 'order-confirmed-late':
      setSettledReference(state, event.ordinal, event.reference);
      confirmLate(state, event.ordinal);
      break;
    case 'order-failed':
      setSettledReference(state, event.ordinal, event.reference);
      changeOrder(state, event.ordinal, 'reserved', 'failed');
      break;
    case 'order-expired':
      changeOrder(state, event.ordinal, 'reserved', 'expired');
      break;
    case 'order-cancelled':
      changeOrder(state, event.ordinal, 'reserved', 'cancelled');
      break;
    case 'order-refunded':
      changeOrder(state, event.ordinal, 'confirmed', 'refunded', state.payment === 'provider');
      break;
    case 'order-part-refunded':
      refundPart(state, event, time);
      break;
    case 'order-rest-refunded':
      refundRest(state, event, time);
      break;
    case 'order-refunded-at-provider':
      changeOrder(state, event.ordinal, 'confirmed', 'refunded');
      break;
    case 'payment-prepared':
      preparePayment(state, event.ordinal, event.reference, time);
      break;
    case 'payment-voided':
      changeOrder(state, event.ordinal, 'confirmed', 'failed');
      break;
    case 'payment-declined':
      declinePayment(state, event.ordinal, event.reference);
      break;
    case 'payment-rejected':
      rejectPayment(state, event);
      break;
    case 'payment-refunded':
      recordRefund(state, event);
      break;
    case 'payment-disputed':
      openDispute(state, event, time);
      break;
    case 'dispute-closed':
      endDispute(state, event, time);
      break;
    case 'refund-requested':
      setSettledReference(state, event.ordinal, event.reference);
      requestRefund(state, event.ordinal);
      break;
    case 'drop-opened':
      assert(state.status === 'upcoming', 'only an upcoming drop opens');
      state.status = 'live';
      break;
    case 'drop-closed':
      assert(state.status === 'live', 'only a live drop closes');
      state.status = 'ended';
      endPause(state, time);
      break;
    case 'drop-cancelled':
      assert(state.status !== 'cancelled', 'a drop is cancelled once');
      state.status = 'cancelled';
      state.revision += 1;
      endPause(state, time);
      break;
    case 'drop-paused':
      beginPause(state, event, time);
      break;
    case 'drop-resumed':
      assert(state.pause !== null, 'only a paused drop goes on');
      endPause(state, time);
      state.revision += 1;
      break;
    case 'drop-amended':
      state.startsAt = event.startsAt;
      state.endsAt = event.endsAt;
      state.limitPerUser = event.limitPerUser;
      state.revision += 1;
      break;
    case 'drop-access-changed':
      state.access = event.access;
      state.earlyAccessSeconds = event.earlyAccessSeconds;
      state.revision += 1;
      break;
    case 'drop-repriced':
      assert(state.status === 'upcoming', 'the price changes before the start only');
      state.unitAmount = event.unitAmount;
      state.revision += 1;
      break;
    case 'order-details-added':
      state.orders.addDetails(event.ordinal);
      touchOrder(state, event.ordinal);
      break;
    case 'drop-described':
      state.description = changedDescription({}, event);
      state.revision += 1;
      break;
    case 'drop-restocked':
      state.stocked += event.units;
      state.revision += 1;
      break;
    case 'request-answered':
      answerRequest(state, event, time);
      break;
    case 'drop-created':
      assert(false, 'a drop is created once');
  }
  if (state.status === 'cancelled') advanceSweep(state);
  assertStock(state);
}

function beginPause(
  state: DropState,
  { extendHolds, reason }: DropEvent & { type: 'drop-paused' },
  time: number,
): void {
  assert(
    state.pause === null && (state.status === 'upcoming' || state.status === 'live'),
    'a drop that is not over is paused once',
  );
  state.pause = { at: time, version: state.version, extendsHolds: extendHolds, reason };
  // Without holds there is nothing to extend: no order is placed until the pause is over.
  if (extendHolds && state.held > 0)
    state.holdStops = [...(state.holdStops ?? []), { from: time, to: null }];
  state.revision += 1;
}

function endPause(state: DropState, time: number): void {
  state.pause = null;
  if (state.holdStops !== null) state.holdStops = ended(state.holdStops, time);
}

function placeOrder(
  state: DropState,
  event: DropEvent & { type: 'order-placed' },
  time: number,
): void {
  const { userId, key, metadata, pass } = event;
  const isOpen = state.status === 'live' || (state.status === 'upcoming' && pass !== undefined);
  assert(isOpen && state.pause === null, 'orders are placed in a live drop, with a pass earlier');
  const user = state.userOrdinal(event.userId);
  const status = state.payment === 'instant' ? 'confirmed' : 'reserved';
  const order = {
    quantity: event.quantity,
    createdAt: time,
    status,
    version: state.version,
  } as const;
  const ordinal = state.orders.add(user, fnv1a(userId), key, order, metadata);
  state.userOrders[user] = ordinal;
  state.userUnits[user]! += event.quantity;
  if (pass !== undefined) {
    state.orders.setPass(ordinal, pass);
    state.usePass(pass, event.quantity);
  }
  if (status === 'confirmed') state.sold += event.quantity;
  else state.held += event.quantity;
}

/** Changes an order's status, and moves its units: from held or sold to sold, or to free. */
function changeOrder(
  state: DropState,
  ordinal: number,
  from: OrderStatus,
  to: OrderStatus,
  refundRequested = false,
): void {
  const orders = state.orders;
  assert(orders.status(ordinal) === from, `order ${ordinal} must be ${from} to become ${to}`);
  const quantity = orders.quantity(ordinal) - returnedUnits(orders.payments(ordinal));
  if (from === 'reserved') state.held -= quantity;
  else state.sold -= quantity;
  if (to === 'confirmed') state.sold += quantity;
  else returnUnits(state, ordinal, quantity);
  orders.change(ordinal, to, refundRequested, state.version);
}

/** The order's buyer, and its pass, have these units no more. */
function returnUnits(state: DropState, ordinal: number, units: number): void {
  const { orders } = state;
  state.userUnits[orders.user(ordinal)]! -= units;
  const pass = orders.pass(ordinal);
  if (pass !== undefined) state.usePass(pass, -units);
}

function refundPart(
  state: DropState,
  event: DropEvent & { type: 'order-part-refunded' },
  time: number,
): void {
  const { ordinal, amount, quantity } = event;
  const { orders } = state;
  const before = refundedOf(state, ordinal);
  assert(orders.status(ordinal) === 'confirmed', `order ${ordinal} must be sold to be refunded`);
  assert(
    before.amount + amount <= state.totalOf(ordinal) &&
      before.quantity + quantity <= orders.quantity(ordinal),
    `order ${ordinal} has less than ${amount} for ${quantity} units left`,
  );
  const [payment] = paymentsOf(state, ordinal);
  if (payment !== undefined && amount > 0)
    storePayment(state, ordinal, {
      ...payment,
      refundedAmount: payment.refundedAmount + amount,
    });
  storeRefund(state, ordinal, event, time);
  state.sold -= quantity;
  returnUnits(state, ordinal, quantity);
  withdraw(state, event);
  touchOrder(state, ordinal);
}

function refundRest(
  state: DropState,
  event: DropEvent & { type: 'order-rest-refunded' },
  time: number,
): void {
  const { ordinal, amount } = event;
  changeOrder(state, ordinal, 'confirmed', 'refunded', state.isPaidFor && amount > 0);
  storeRefund(state, ordinal, event, time);
  withdraw(state, event);
}

/** Units that are not put back on sale leave the drop. */
function withdraw(
  state: DropState,
  { restock, quantity }: { readonly restock: boolean; readonly quantity: number },
): void {
  if (!restock) state.stocked -= quantity;
}

function confirmLate(state: DropState, ordinal: number): void {
  const status = state.orders.status(ordinal);
  assert(
    status === 'expired' || status === 'failed',
    'only an order without its units is confirmed late',
  );
  const quantity = state.orders.quantity(ordinal);
  const user = state.orders.user(ordinal);
  state.sold += quantity;
  state.userUnits[user]! += quantity;
  state.userOrders[user] = Math.max(state.userOrders[user]!, ordinal);
  const pass = state.orders.pass(ordinal);
  if (pass !== undefined) state.usePass(pass, quantity);
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

function answerRequest(
  state: DropState,
  { id, fingerprint, about }: DropEvent & { type: 'request-answered' },
  at: number,
): void {
  const answer = about === null ? state.view() : state.orderView(about);
  state.addAnswered({ id, fingerprint, at, answer });
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
