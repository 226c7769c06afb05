// What an order becomes by what the provider tells of its payments: given events, when the provider
// tells, then events.

import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { answerTo, decide } from '../../domain/decide.ts';
import type { DropCommand, RecordPayment } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import type { OrderPayments } from '../../contracts/payments.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { orderId } from '../../domain/ids.ts';
import { STORED_PAYMENTS_MAX } from '../../domain/order-payments.ts';

const NOW = 1_000_000;
const PRICE = 19_900;
const ORDER = orderId('d_1', 0);
const OWN = `pay_${ORDER}`;

const PLACED: DropEvent = { type: 'order-placed', userId: 'ann', key: 'k', quantity: 1 };
const CONFIRMED: DropEvent = { type: 'order-confirmed', ordinal: 0, reference: 'A' };
const EXPIRED: DropEvent = { type: 'order-expired', ordinal: 0 };

/** A live drop with one order by ann, then the events. */
function given(...events: DropEvent[]): DropState {
  return givenTerms({}, PLACED, ...events);
}

function givenTerms(terms: Partial<DropTerms>, ...events: DropEvent[]): DropState {
  const all: DropTerms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 60_000,
    unitAmount: PRICE,
    currency: 'EUR',
    limitPerUser: 2,
    holdSeconds: 10,
    payment: 'provider',
    ...terms,
  };
  const state = createDrop({ type: 'drop-created', terms: all, stock: 1 }, NOW);
  for (const event of [{ type: 'drop-opened' } as const, ...events]) applyEvent(state, event, NOW);
  return state;
}

function told(
  outcome: RecordPayment['outcome'],
  reference: string,
  paid: { amount?: number; currency?: string } = {},
): RecordPayment {
  const { amount = null, currency = null } = paid;
  const about = { dropId: 'd_1', orderId: ORDER, reference };
  return { type: 'record-payment', ...about, outcome, amount, currency };
}

/** Applies what comes of the command, and gives the events; a refusal's code. */
function when(state: DropState, command: DropCommand): readonly DropEvent[] | string {
  const decision = decide(state, command, NOW);
  if (!decision.ok) return decision.code;
  for (const event of decision.events) applyEvent(state, event, NOW);
  return decision.events;
}

function payments(state: DropState, userId = 'ann') {
  const caller = { userId, operator: false };
  const type = 'get-order-payments';
  const command: DropCommand = { type, dropId: 'd_1', orderId: ORDER, caller };
  const decision = decide(state, command, NOW);
  return decision.ok ? (answerTo(state, command, decision) as OrderPayments).items : decision.code;
}

test('P4a: a second payment of a confirmed order is refunded by its own reference, once', (t) => {
  const state = given(CONFIRMED);
  const rejected = {
    type: 'payment-rejected',
    ordinal: 0,
    reference: 'B',
    amount: PRICE,
    currency: 'EUR',
    reason: 'order-settled',
  };
  t.deepEqual(when(state, told('succeeded', 'B')), [rejected]);
  t.deepEqual(when(state, told('succeeded', 'B')), []);
  t.deepEqual(when(state, told('succeeded', 'A')), []);
  t.like(state.orderView(0), {
    status: 'confirmed',
    paymentReference: 'A',
    refundRequested: false,
  });
  t.is(state.sold, 1);
  t.like(payments(state), [
    { reference: 'A', status: 'succeeded', amount: PRICE, currency: 'EUR', refundedAmount: 0 },
    { reference: 'B', status: 'refunding', amount: PRICE, currency: 'EUR', refundedAmount: 0 },
  ]);
});

test('P4a: every further payment of an order in any settled state is refunded', (t) => {
  const refunded: DropEvent = { type: 'order-refunded', ordinal: 0 };
  const requested: DropEvent = { type: 'refund-requested', ordinal: 0, reference: 'A' };
  const cancelled: DropEvent = { type: 'order-cancelled', ordinal: 0 };
  for (const events of [
    [CONFIRMED, refunded],
    [EXPIRED, requested],
    [cancelled, requested],
  ]) {
    const state = given(...events);
    const before = state.orderView(0);
    t.like(when(state, told('succeeded', 'B')), [{ type: 'payment-rejected', reference: 'B' }]);
    t.like(when(state, told('succeeded', 'C')), [{ type: 'payment-rejected', reference: 'C' }]);
    t.deepEqual(state.orderView(0), { ...before, version: before.version + 2 });
  }
});

test('P2a: a wrong amount or currency never confirms: it is refunded, and the hold stays', (t) => {
  for (const paid of [
    { amount: 1, currency: 'JPY' },
    { amount: PRICE, currency: 'JPY' },
    { amount: PRICE - 1 },
    { currency: 'USD' },
  ]) {
    const state = given();
    const { amount = PRICE, currency = 'EUR' } = paid;
    t.like(when(state, told('succeeded', OWN, paid)), [
      { type: 'payment-rejected', reference: OWN, amount, currency, reason: 'wrong-amount' },
    ]);
    t.like(state.orderView(0), { status: 'reserved', refundRequested: false });
    t.is(state.held, 1);
    t.deepEqual(when(state, told('succeeded', OWN)), [], 'the same payment cannot be right later');
    t.like(when(state, told('succeeded', 'B', { amount: PRICE, currency: 'EUR' })), [
      { type: 'order-confirmed', reference: 'B' },
    ]);
  }
});

test('P2a: a wrong payment of an order that has expired is refunded, and takes no units', (t) => {
  const state = given(EXPIRED);
  t.like(when(state, told('succeeded', 'A', { amount: 1 })), [{ type: 'payment-rejected' }]);
  t.like(state.orderView(0), { status: 'expired' });
  t.is(state.free, 1);
});

test('P3a: a declined attempt keeps the hold, and a later success confirms', (t) => {
  for (const reference of ['A', 'B']) {
    const state = given();
    t.deepEqual(when(state, told('failed', 'A')), [
      { type: 'payment-declined', ordinal: 0, reference: 'A' },
    ]);
    t.deepEqual(when(state, told('failed', 'A')), []);
    t.like(state.orderView(0), { status: 'reserved', paymentReference: OWN });
    t.is(state.held, 1);
    t.like(when(state, told('succeeded', reference)), [{ type: 'order-confirmed', reference }]);
    t.like(state.orderView(0), { status: 'confirmed', paymentReference: reference });
    t.like(payments(state), { 0: { reference, status: 'succeeded' } });
    t.deepEqual(when(state, told('failed', 'C')), [], 'nothing fails what is paid');
  }
});

test('P3a: so many declined attempts are stored, and further ones change nothing', (t) => {
  const state = given();
  for (let i = 0; i < STORED_PAYMENTS_MAX; i++) when(state, told('failed', `A${i}`));
  t.is(payments(state).length, 1 + STORED_PAYMENTS_MAX / 2);
  t.deepEqual(when(state, told('failed', 'B')), []);
  t.like(when(state, told('succeeded', 'B')), [{ type: 'order-confirmed' }]);
});

test('P4a: a refund is asked for however many payments an order has', (t) => {
  const state = given(CONFIRMED);
  for (let i = 0; i < 2 * STORED_PAYMENTS_MAX; i++)
    t.like(when(state, told('succeeded', `B${i}`)), [{ type: 'payment-rejected' }]);
  t.is(payments(state).length, 1 + STORED_PAYMENTS_MAX);
  t.like(payments(state), { 0: { reference: 'A', status: 'succeeded' } });
});

test('P3a: a cancelled payment is final: the order has failed, and its units are free', (t) => {
  const state = given();
  when(state, told('failed', 'A'));
  t.deepEqual(when(state, told('cancelled', 'B')), [
    { type: 'order-failed', ordinal: 0, reference: 'B' },
  ]);
  t.is(state.free, 1);
  t.like(payments(state), [
    { reference: 'B', status: 'cancelled' },
    { reference: 'A', status: 'failed' },
  ]);
  t.deepEqual(when(state, told('cancelled', 'B')), []);
  t.deepEqual(when(given(CONFIRMED), told('cancelled', 'A')), []);
});

test('P3a: a refund at the provider makes a confirmed order refunded, and asks for nothing', (t) => {
  const state = given(CONFIRMED);
  t.deepEqual(when(state, told('refunded', 'A')), [
    { type: 'payment-refunded', ordinal: 0, reference: 'A', amount: PRICE, currency: 'EUR' },
    { type: 'order-refunded-at-provider', ordinal: 0 },
  ]);
  t.like(state.orderView(0), { status: 'refunded', refundRequested: false });
  t.is(state.free, 1);
  t.deepEqual(when(state, told('refunded', 'A')), []);
  t.deepEqual(when(state, told('succeeded', 'A')), []);
});

test('P3a: a partial refund is recorded and changes no status, until all is refunded', (t) => {
  const state = given(CONFIRMED);
  const partial = when(state, told('refunded', 'A', { amount: 500, currency: 'EUR' }));
  t.like(partial, [{ type: 'payment-refunded', amount: 500 }]);
  t.is(partial.length, 1);
  t.like(state.orderView(0), { status: 'confirmed' });
  t.like(payments(state), [{ status: 'succeeded', amount: PRICE, refundedAmount: 500 }]);
  t.deepEqual(when(state, told('refunded', 'A', { amount: 400 })), [], 'the sum only rises');
  t.is(when(state, told('refunded', 'A', { amount: PRICE + 1 })).length, 2);
  t.like(state.orderView(0), { status: 'refunded' });
  t.is(when(state, told('refunded', 'A', { currency: 'JPY' })), 'invalid-request');
});

test('P3a, P4a: the refund that was asked for is recorded when the provider has made it', (t) => {
  const state = given(CONFIRMED);
  when(state, told('succeeded', 'B', { amount: 1, currency: 'JPY' }));
  const made = when(state, told('refunded', 'B', { amount: 1, currency: 'JPY' }));
  t.like(made, [{ type: 'payment-refunded', amount: 1, currency: 'JPY' }]);
  t.like(payments(state), { 1: { reference: 'B', status: 'refunded', refundedAmount: 1 } });
  t.like(state.orderView(0), { status: 'confirmed' });
  const byUs = given(CONFIRMED, { type: 'order-refunded', ordinal: 0 });
  t.like(payments(byUs), [{ status: 'refunding' }]);
  t.is(when(byUs, told('refunded', 'A')).length, 1);
  t.like(payments(byUs), [{ status: 'refunded', refundedAmount: PRICE }]);
  t.like(byUs.orderView(0), { status: 'refunded', refundRequested: true });
});

test('P3a: a payment whose whole refund was heard of first confirms nothing', (t) => {
  const state = given();
  t.like(when(state, told('refunded', 'A')), [{ type: 'payment-refunded' }]);
  t.like(state.orderView(0), { status: 'reserved' });
  t.deepEqual(when(state, told('succeeded', 'A')), []);
  const partly = given();
  when(partly, told('refunded', 'A', { amount: 500 }));
  t.like(when(partly, told('succeeded', 'A')), [{ type: 'order-confirmed' }]);
  t.like(payments(partly), [{ reference: 'A', status: 'succeeded', refundedAmount: 500 }]);
});

test('P5: an order that costs nothing is confirmed at once, and no payment settles it', (t) => {
  const state = givenTerms({ unitAmount: 0 });
  const { userId, key, quantity } = PLACED as DropEvent & { type: 'order-placed' };
  const place: DropCommand = { type: 'place-order', dropId: 'd_1', userId, key, quantity };
  t.like(when(state, place), [{ type: 'order-placed' }, { type: 'order-confirmed' }]);
  t.like(state.orderView(0), { status: 'confirmed', holdExpiresAt: null, paymentReference: null });
  t.deepEqual(payments(state), []);
  t.deepEqual(when(state, told('succeeded', OWN)), []);
  t.like(when(state, told('succeeded', OWN, { amount: 5 })), [{ type: 'payment-rejected' }]);
  applyEvent(state, { type: 'order-refunded', ordinal: 0 }, NOW);
  t.like(state.orderView(0), { status: 'refunded', refundRequested: false });
});

test('P1: payments are read by the buyer and the seller, and by nobody else', (t) => {
  const state = given();
  const pending = { reference: OWN, status: 'pending', amount: PRICE, refundedAmount: 0 };
  t.like(payments(state), [pending]);
  t.like(payments(state, 'creator'), [pending]);
  t.is(payments(state, 'ben'), 'not-found');
  t.deepEqual(payments(given(EXPIRED)), []);
});
