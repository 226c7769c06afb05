// Disputes of an order's payments (P7), as the provider tells of them. Each is one line of the
// order's text (domain/order-payments.ts): a mark, a letter for what became of it, when it was
// opened and closed, its amount, its currency and the payment's reference. Part of the format of
// snapshots and sealed drops.

import type { Payment, PaymentDispute } from '../contracts/payments.ts';
import { assert } from './assert.ts';
import type { DropState } from './drop-state.ts';
import {
  addTextLine,
  DISPUTE_MARK,
  paymentsOf,
  replaceTextLine,
  textLines,
} from './order-payments.ts';

/** Of one order, one for each payment. */
export const DISPUTES_MAX = 8;
const LETTERS: Readonly<Record<PaymentDispute['status'], string>> = {
  open: 'o',
  won: 'w',
  lost: 'l',
};
const STATUSES = new Map(
  Object.entries(LETTERS).map(([status, letter]) => [letter, status as PaymentDispute['status']]),
);
const FIELDS = 7;

export interface StoredDispute extends PaymentDispute {
  /** Of the payment. */
  readonly reference: string;
}

/** The oldest first. */
export function disputesOf(text: string | undefined): StoredDispute[] {
  return textLines(text)
    .filter((line) => line.startsWith(DISPUTE_MARK))
    .map(disputeOf);
}

/** What of a payment was lost in a dispute, in the minor unit of `currency`. */
export function lostOf(text: string | undefined, reference: string, currency: string): number {
  if (text === undefined || !text.includes(`\n${DISPUTE_MARK}`)) return 0;
  const dispute = disputesOf(text).find((one) => one.reference === reference);
  return dispute?.status === 'lost' && dispute.currency === currency ? dispute.amount : 0;
}

/** The payments with their disputes: what was lost counts as refunded. */
export function disputedPayments(state: DropState, ordinal: number): Payment[] {
  const text = state.orders.payments(ordinal);
  const payments = paymentsOf(state, ordinal);
  const disputes = disputesOf(text);
  if (disputes.length === 0) return payments;
  return payments.map((payment) => {
    const { reference, amount, currency } = payment;
    const found = disputes.find((one) => one.reference === reference);
    if (found === undefined) return payment;
    const { reference: _, ...dispute } = found;
    const refunded = payment.refundedAmount + lostOf(text, reference, currency);
    return { ...payment, refundedAmount: Math.min(amount, refunded), dispute };
  });
}

/** The caller must call `change` of the order table next. */
export function storeDispute(state: DropState, ordinal: number, dispute: StoredDispute): void {
  addTextLine(state, ordinal, lineOf(dispute));
}

/** The caller must call `change` of the order table next. `time` is in milliseconds. */
export function closeDispute(
  state: DropState,
  ordinal: number,
  reference: string,
  outcome: 'won' | 'lost',
  time: number,
): void {
  const open = disputesOf(state.orders.payments(ordinal)).find(
    (one) => one.reference === reference && one.status === 'open',
  );
  assert(open !== undefined, `order ${ordinal} has no open dispute of ${reference}`);
  const closed = { ...open, status: outcome, closedAt: time };
  replaceTextLine(state, ordinal, lineOf(open), lineOf(closed));
}

function lineOf(dispute: StoredDispute): string {
  const { status, openedAt, closedAt, amount, currency, reference } = dispute;
  const letter = LETTERS[status];
  const times = `${openedAt} ${closedAt ?? ''}`;
  return `${DISPUTE_MARK} ${letter} ${times} ${amount} ${currency} ${reference}`;
}

function disputeOf(line: string): StoredDispute {
  const fields = line.split(' ');
  const status = STATUSES.get(fields[1]!);
  assert(status !== undefined && fields.length === FIELDS, `no stored dispute: ${line}`);
  const [, , openedAt, closedAt, amount, currency, reference] = fields;
  return {
    reference: reference!,
    status,
    amount: Number(amount),
    currency: currency!,
    openedAt: Number(openedAt),
    closedAt: closedAt === '' ? null : Number(closedAt),
  };
}
