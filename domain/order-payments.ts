// The payments of an order (P4a). Most orders have one or none, and their status tells everything
// about it: then nothing is stored, and the payment is derived. Otherwise there is a text for the
// order: its first line is the reference of the payment that settled the order or is prepared for
// it (empty: the one derived from the order's id), and each further line is one payment: a letter
// for its status, amount, currency, refunded amount and reference, with spaces between. A text of
// one line is what version 1 of the journal's events needs. From feature level 3 on the first line
// has, behind a space, the time at which the provider was ready to take the payment, where it
// prepares payments. The text is part of the format of snapshots and sealed drops; statuses are
// append only.
//
// So an order without a second payment, a declined attempt, a prepared payment or a refund at the
// provider's desk takes no memory for payments, and one with such a payment about 128 bytes and the
// text.

import type { Payment, PaymentStatus } from '../contracts/payments.ts';
import { assert } from './assert.ts';
import type { DropState } from './drop-state.ts';
import { orderId, paymentReference } from './ids.ts';

/** Payments that are stored of one order. Past it the least important one is left out. */
export const STORED_PAYMENTS_MAX = 32;
const LETTERS: Readonly<Record<PaymentStatus, string>> = {
  pending: 'p',
  failed: 'f',
  cancelled: 'c',
  succeeded: 's',
  refunding: 'q',
  refunded: 'r',
};
const STATUSES = new Map(
  Object.entries(LETTERS).map(([status, letter]) => [letter, status as PaymentStatus]),
);
const FIELDS = 5;
/** Lines behind those of payments begin with a mark: domain/order-refunds.ts, order-disputes.ts. */
export const REFUND_MARK = '+';
export const DISPUTE_MARK = '!';

/** The reference in the first line of an order's text; undefined where it is the derived one. */
export function settledReference(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [reference] = firstLine(text).split(' ', 1);
  return reference === '' ? undefined : reference;
}

/**
 * When the provider was ready to take the order's payment, in milliseconds since the Unix epoch; 0
 * where it was not, or prepares none.
 */
export function preparedAt(text: string | undefined): number {
  if (text === undefined) return 0;
  const line = firstLine(text);
  const space = line.indexOf(' ');
  return space < 0 ? 0 : Number(line.slice(space + 1));
}

/** The payment that settled the order, or is to settle it, comes first. */
export function paymentsOf(state: DropState, ordinal: number): Payment[] {
  const text = state.orders.payments(ordinal);
  const stored = storedPayments(text);
  const main = mainPayment(state, ordinal);
  if (main === null) return stored;
  const others = stored.filter(({ reference }) => reference !== main.reference);
  const same = stored.find(({ reference }) => reference === main.reference);
  return [same === undefined ? main : merged(main, same), ...others];
}

/** Whether money was taken: a further success under the same reference says nothing new. */
export function wasPaid({ status }: Payment): boolean {
  return status === 'succeeded' || status === 'refunding' || status === 'refunded';
}

/** The caller must call `change` of the order table next. */
export function setSettledReference(
  state: DropState,
  ordinal: number,
  reference: string,
  preparedSince = preparedAt(state.orders.payments(ordinal)),
): void {
  const derived = paymentReference(orderId(state.id, ordinal));
  const stored = storedPayments(state.orders.payments(ordinal));
  const settled = reference === derived ? '' : reference;
  const text = state.orders.payments(ordinal);
  state.orders.setPayments(ordinal, textOf(settled, preparedSince, stored, text));
}

/**
 * Stores a payment, in place of one with the same reference. The caller must call `change` of the
 * order table next.
 */
export function storePayment(state: DropState, ordinal: number, payment: Payment): void {
  const text = state.orders.payments(ordinal);
  const stored = storedPayments(text);
  const at = stored.findIndex(({ reference }) => reference === payment.reference);
  if (at >= 0) stored[at] = payment;
  else {
    if (stored.length >= STORED_PAYMENTS_MAX)
      stored.splice(leastImportant(stored, mainReference(state, ordinal)), 1);
    stored.push(payment);
  }
  const settled = settledReference(text) ?? '';
  state.orders.setPayments(ordinal, textOf(settled, preparedAt(text), stored, text));
}

function mainReference(state: DropState, ordinal: number): string {
  return (
    settledReference(state.orders.payments(ordinal)) ?? paymentReference(orderId(state.id, ordinal))
  );
}

/** What the order's status tells of a payment; null where there was none. */
function mainPayment(state: DropState, ordinal: number): Payment | null {
  const status = mainStatus(state, ordinal);
  if (status === null) return null;
  return {
    reference: mainReference(state, ordinal),
    status,
    amount: state.totalOf(ordinal),
    currency: state.currency,
    refundedAmount: 0,
  };
}

function mainStatus({ orders, isPaidFor }: DropState, ordinal: number): PaymentStatus | null {
  if (!isPaidFor) return null;
  if (orders.refundRequested(ordinal)) return 'refunding';
  switch (orders.status(ordinal)) {
    case 'reserved':
      return 'pending';
    case 'confirmed':
      return 'succeeded';
    case 'refunded':
      return 'refunded';
    case 'failed':
      return 'cancelled';
    case 'cancelled':
    case 'expired':
      return null;
  }
}

/** The order knows whether this payment paid for it, the stored payment everything else. */
function merged(main: Payment, stored: Payment): Payment {
  const isStored =
    stored.status === 'refunded' ||
    main.status === 'pending' ||
    (wasPaid(stored) && !wasPaid(main));
  return isStored ? stored : { ...main, refundedAmount: stored.refundedAmount };
}

/** Without the first one. */
export function textLines(text: string | undefined): string[] {
  return text === undefined ? [] : text.split('\n').slice(1);
}

/** The caller must call `change` of the order table next. */
export function addTextLine(state: DropState, ordinal: number, line: string): void {
  state.orders.setPayments(ordinal, `${state.orders.payments(ordinal) ?? ''}\n${line}`);
}

/** The caller must call `change` of the order table next. */
export function replaceTextLine(
  state: DropState,
  ordinal: number,
  line: string,
  replacement: string,
): void {
  const lines = (state.orders.payments(ordinal) ?? '').split('\n');
  const changed = lines.map((one) => (one === line ? replacement : one));
  state.orders.setPayments(ordinal, changed.join('\n'));
}

function isMarked(line: string): boolean {
  return line.startsWith(REFUND_MARK) || line.startsWith(DISPUTE_MARK);
}

function storedPayments(text: string | undefined): Payment[] {
  return textLines(text)
    .filter((line) => !isMarked(line))
    .map(paymentOf);
}

function paymentOf(line: string): Payment {
  const fields = line.split(' ');
  const status = STATUSES.get(fields[0]!);
  assert(status !== undefined && fields.length === FIELDS, `no stored payment: ${line}`);
  const [, amount, currency, refundedAmount, reference] = fields as [
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    reference,
    status,
    amount: Number(amount),
    currency,
    refundedAmount: Number(refundedAmount),
  };
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

/** `before` is the order's text before the change: its refunds and disputes stay. */
function textOf(
  settled: string,
  preparedSince: number,
  stored: readonly Payment[],
  before: string | undefined,
): string | null {
  const marked = textLines(before).filter(isMarked);
  const isEmpty = stored.length === 0 && marked.length === 0;
  if (settled === '' && preparedSince === 0 && isEmpty) return null;
  let text = preparedSince === 0 ? settled : `${settled} ${preparedSince}`;
  for (const { status, amount, currency, refundedAmount, reference } of stored)
    text += `\n${LETTERS[status]} ${amount} ${currency} ${refundedAmount} ${reference}`;
  for (const line of marked) text += `\n${line}`;
  return text;
}

/**
 * A declined attempt, or else the oldest one whose refund is made, or else the oldest one; never
 * the payment `main`, of which it is known how much is refunded.
 */
function leastImportant(stored: readonly Payment[], main: string): number {
  const others = stored.filter(({ reference }) => reference !== main);
  const least =
    others.find(({ status }) => status === 'failed') ??
    others.find(({ status }) => status === 'refunded') ??
    others[0];
  return least === undefined ? 0 : stored.indexOf(least);
}
