// Refunds of an order that was sold, in parts (O12a). Each is one line of the order's text
// (domain/order-payments.ts): a plus, the time, the amount, the units, whether these were put back
// on sale (`s`) or withdrawn (`w`), and the seller's reason, in ASCII. A refund of everything at
// once, without a reason, has no line: the order's status tells it. Part of the format of snapshots
// and sealed drops.

import type { OrderRefund } from '../contracts/payments.ts';
import { assert } from './assert.ts';
import type { DropState } from './drop-state.ts';
import { lostOf } from './order-disputes.ts';
import { addTextLine, paymentsOf, REFUND_MARK, textLines } from './order-payments.ts';

/** Of one order. What is left after them can be refunded as a whole. */
export const PARTIAL_REFUNDS_MAX = 16;
const RESTOCKED = 's';
const WITHDRAWN = 'w';
const FIELDS = 5;

/** What a seller has refunded of an order, the provider at its own desk, and a dispute took. */
export interface Refunded {
  readonly amount: number;
  readonly quantity: number;
  /** Refunds in parts. */
  readonly parts: number;
}

interface NewRefund {
  readonly amount: number;
  readonly quantity: number;
  readonly restock: boolean;
  readonly reason: string | null;
}

/** Of an order that is confirmed, so that what it lacks of the whole is left. */
export function refundedOf(state: DropState, ordinal: number): Refunded {
  const text = state.orders.payments(ordinal);
  if (text === undefined) return { amount: 0, quantity: 0, parts: 0 };
  const parts = storedRefunds(text);
  const quantity = parts.reduce((sum, part) => sum + part.quantity, 0);
  const amount = state.isPaidFor
    ? refundedOfPayment(state, ordinal)
    : parts.reduce((sum, part) => sum + part.amount, 0);
  return { amount, quantity, parts: parts.length };
}

function refundedOfPayment(state: DropState, ordinal: number): number {
  const [payment] = paymentsOf(state, ordinal);
  if (payment === undefined) return 0;
  const { reference, amount, currency, refundedAmount } = payment;
  const lost = lostOf(state.orders.payments(ordinal), reference, currency);
  return Math.min(amount, refundedAmount + lost);
}

/** Units of an order that its buyer gave back, by the order's text. */
export function returnedUnits(text: string | undefined): number {
  if (text === undefined || !text.includes(`\n${REFUND_MARK}`)) return 0;
  return storedRefunds(text).reduce((sum, part) => sum + part.quantity, 0);
}

/** The oldest first. `reason` and `createdAt` are null where they are not known. */
export function orderRefunds(state: DropState, ordinal: number): OrderRefund[] {
  const { orders } = state;
  const refunds = storedRefunds(orders.payments(ordinal));
  const quantity = orders.quantity(ordinal) - returnedUnits(orders.payments(ordinal));
  // Everything at once: the status says so. What the provider refunds at its own desk is none.
  const isAsked = orders.refundRequested(ordinal) || !state.isPaidFor;
  if (orders.status(ordinal) === 'refunded' && isAsked && quantity > 0 && refunds.length === 0) {
    const amount = state.totalOf(ordinal);
    return [{ number: 1, amount, quantity, restocked: true, reason: null, createdAt: null }];
  }
  return refunds;
}

/** The caller must call `change` of the order table next. `time` is in milliseconds. */
export function storeRefund(
  state: DropState,
  ordinal: number,
  { amount, quantity, restock, reason }: NewRefund,
  time: number,
): void {
  let line = `${REFUND_MARK} ${time} ${amount} ${quantity} ${restock ? RESTOCKED : WITHDRAWN}`;
  if (reason !== null) line += ` ${asciiOf(reason)}`;
  addTextLine(state, ordinal, line);
}

function storedRefunds(text: string | undefined): OrderRefund[] {
  return textLines(text)
    .filter((line) => line.startsWith(REFUND_MARK))
    .map((line, i) => refundOf(line, i + 1));
}

function refundOf(line: string, number: number): OrderRefund {
  const fields = line.split(' ', FIELDS) as [string, string, string, string, string];
  assert(fields.length === FIELDS, `no stored refund: ${line}`);
  const [, time, amount, quantity, units] = fields;
  const usualLength = fields.join(' ').length;
  return {
    number,
    amount: Number(amount),
    quantity: Number(quantity),
    restocked: units === RESTOCKED && quantity !== '0',
    reason: line.length > usualLength ? decodeURIComponent(line.slice(usualLength + 1)) : null,
    createdAt: Number(time),
  };
}

/** Texts of orders are ASCII: a replay stores a byte for each character. */
function asciiOf(text: string): string {
  return text.replaceAll(/[^ -~]|%/gu, encodeURIComponent);
}
