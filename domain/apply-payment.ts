// Applies what happened to an order's payments where neither its status nor its units change. For
// `applyEvent` only (domain/apply.ts).

import type { DropEvent } from '../contracts/drop-events.ts';
import { assert } from './assert.ts';
import type { DropState } from './drop-state.ts';
import { closeDispute, storeDispute } from './order-disputes.ts';
import { paymentsOf, setSettledReference, storePayment } from './order-payments.ts';

export function preparePayment(
  state: DropState,
  ordinal: number,
  reference: string,
  time: number,
): void {
  assert(state.orders.isReserved(ordinal), `order ${ordinal} must be reserved to be paid`);
  setSettledReference(state, ordinal, reference, time);
  touchOrder(state, ordinal);
  state.holds.prepared(ordinal);
}

export function declinePayment(state: DropState, ordinal: number, reference: string): void {
  const amount = state.totalOf(ordinal);
  const { currency } = state;
  storePayment(state, ordinal, {
    reference,
    status: 'failed',
    amount,
    currency,
    refundedAmount: 0,
  });
  touchOrder(state, ordinal);
}

export function rejectPayment(
  state: DropState,
  event: DropEvent & { type: 'payment-rejected' },
): void {
  const { ordinal, reference, amount, currency } = event;
  const refundedAmount = findPayment(state, ordinal, reference)?.refundedAmount ?? 0;
  storePayment(state, ordinal, {
    reference,
    status: 'refunding',
    amount,
    currency,
    refundedAmount,
  });
  touchOrder(state, ordinal);
}

/** A refund may be heard of before its payment: then nothing else is known of that payment. */
export function recordRefund(
  state: DropState,
  event: DropEvent & { type: 'payment-refunded' },
): void {
  const { ordinal, reference, amount: refundedAmount, currency } = event;
  const known = findPayment(state, ordinal, reference);
  const total = currency === state.currency ? state.totalOf(ordinal) : refundedAmount;
  const { status, amount } = known ?? { status: 'pending', amount: total };
  storePayment(state, ordinal, {
    reference,
    status: refundedAmount >= amount ? 'refunded' : status,
    amount,
    currency,
    refundedAmount,
  });
  touchOrder(state, ordinal);
}

export function openDispute(
  state: DropState,
  event: DropEvent & { type: 'payment-disputed' },
  time: number,
): void {
  const { ordinal, reference, amount, currency } = event;
  const opened = { reference, status: 'open', amount, currency } as const;
  storeDispute(state, ordinal, { ...opened, openedAt: time, closedAt: null });
  touchOrder(state, ordinal);
}

export function endDispute(
  state: DropState,
  { ordinal, reference, outcome }: DropEvent & { type: 'dispute-closed' },
  time: number,
): void {
  closeDispute(state, ordinal, reference, outcome, time);
  touchOrder(state, ordinal);
}

function findPayment(state: DropState, ordinal: number, reference: string) {
  return paymentsOf(state, ordinal).find((payment) => payment.reference === reference);
}

/** The order changed, and its status did not. */
export function touchOrder(state: DropState, ordinal: number): void {
  const { orders, version } = state;
  orders.change(ordinal, orders.status(ordinal), orders.refundRequested(ordinal), version);
}
