// Refunds of orders, as a whole and in parts: given events, when the seller refunds, then events.

import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { answerTo, decide, decideDueOrders } from '../../domain/decide.ts';
import type { DropCommand, RecordPayment, RefundOrder } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import type { OrderPayments } from '../../contracts/payments.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { PARTIAL_REFUNDS_MAX } from '../../domain/order-refunds.ts';
import { STORED_PAYMENTS_MAX } from '../../domain/order-payments.ts';
import { sealedAndLoaded } from '../storage/sealed-drops.ts';

const NOW = 1_000_000;
const PRICE = 500;
const SELLER = { userId: 'creator', operator: false };
const CONFIRMED: DropEvent = { type: 'order-confirmed', ordinal: 0, reference: 'A' };

/** A live drop of 5 units, of which ann bought 3. */
function given(terms: Partial<DropTerms> = {}, ...events: DropEvent[]): DropState {
  const all: DropTerms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 60_000,
    unitAmount: PRICE,
    currency: 'EUR',
    limitPerUser: 3,
    holdSeconds: 10,
    payment: 'provider',
    ...terms,
  };
  const state = createDrop({ type: 'drop-created', terms: all, stock: 5 }, NOW);
  const placed: DropEvent = { type: 'order-placed', userId: 'ann', key: 'k', quantity: 3 };
  for (const event of [{ type: 'drop-opened' } as const, placed, ...events])
    applyEvent(state, event, NOW);
  return state;
}

type Details = Partial<Pick<RefundOrder, 'amount' | 'quantity' | 'restock' | 'reason'>>;

function refund(details: Details = {}): RefundOrder {
  return { type: 'refund-order', dropId: 'd_1', orderId: 'd_1-0', caller: SELLER, ...details };
}

/** Applies what comes of the command, and gives the events. */
function when(state: DropState, command: DropCommand, now = NOW): readonly DropEvent[] {
  const decision = decide(state, command, now);
  if (!decision.ok) throw new Error(`${decision.code}: ${decision.detail}`);
  for (const event of decision.events) applyEvent(state, event, now);
  return decision.events;
}

function refused(state: DropState, details: Details): Partial<Refusal> {
  const { version } = state;
  const decision = decide(state, refund(details), NOW);
  return decision.ok || state.version !== version ? {} : decision;
}

function payments(state: DropState): OrderPayments {
  const command: DropCommand = { ...refund(), type: 'get-order-payments' };
  const decision = decide(state, command, NOW);
  if (!decision.ok) throw new Error(decision.code);
  return answerTo(state, command, decision) as OrderPayments;
}

function refundedAtDesk(amount: number): RecordPayment {
  const about = { dropId: 'd_1', orderId: 'd_1-0', reference: 'A', currency: 'EUR' };
  return { type: 'record-payment', ...about, outcome: 'refunded', amount };
}

test('O12a: units are refunded at their price, and the order stays confirmed', (t) => {
  const state = given({}, CONFIRMED);
  const reason = 'Eine war zerbrochen 💔, 100 %';
  const part = { type: 'order-part-refunded', ordinal: 0, number: 1 } as const;
  t.deepEqual(when(state, refund({ quantity: 1, reason }), NOW + 7), [
    { ...part, amount: PRICE, quantity: 1, restock: true, reason },
  ]);
  t.like(state.view(), { stocked: 5, sold: 2, free: 3 });
  t.like(state.orderView(0), { status: 'confirmed', refundedAmount: PRICE, refundedQuantity: 1 });
  t.is(state.orderView(0).refundRequested, false);
  const paid = { status: 'succeeded', amount: 3 * PRICE, refundedAmount: PRICE };
  t.like(payments(state).items, [{ reference: 'A', ...paid }]);
  const shown = { number: 1, amount: PRICE, quantity: 1, restocked: true, reason };
  t.deepEqual(payments(state).refunds, [{ ...shown, createdAt: NOW + 7 }]);
});

test('O12a: a part of the money leaves the units with the buyer', (t) => {
  const state = given({}, CONFIRMED);
  t.like(when(state, refund({ amount: 1 })), [{ amount: 1, quantity: 0, restock: true }]);
  t.like(state.view(), { stocked: 5, sold: 3, free: 2 });
  t.like(payments(state).refunds, [{ amount: 1, quantity: 0, restocked: false, reason: null }]);
  t.false('refundedQuantity' in state.orderView(0));
});

test('O12a: units that are not put back on sale leave the drop', (t) => {
  const state = given({}, CONFIRMED);
  when(state, refund({ quantity: 2, restock: false }));
  t.like(state.view(), { stocked: 3, sold: 1, free: 2 });
  t.deepEqual(
    payments(state).refunds.map(({ restocked }) => restocked),
    [false],
  );
  when(state, refund({ restock: false }));
  t.like(state.view(), { stocked: 2, sold: 0, free: 2 });
  t.is(state.orderView(0).status, 'refunded');
  const whole = given({}, CONFIRMED);
  t.like(when(whole, refund({ restock: false })), [
    { type: 'order-rest-refunded', amount: 3 * PRICE, quantity: 3, restock: false },
  ]);
  t.like(whole.view(), { stocked: 2, sold: 0, free: 2 });
});

test('O12a: with the last units goes the rest of the money, and the order is refunded', (t) => {
  const state = given({}, CONFIRMED);
  when(state, refund({ amount: 200 }));
  t.like(when(state, refund({ quantity: 3, reason: 'All came back.' })), [
    { type: 'order-rest-refunded', amount: 1300, quantity: 3, reason: 'All came back.' },
  ]);
  const refunded = { refundedAmount: 3 * PRICE, refundedQuantity: 3 };
  t.like(state.orderView(0), { status: 'refunded', refundRequested: true, ...refunded });
  t.like(payments(state).items, [{ status: 'refunding' }]);
  t.like(payments(state).refunds, [{ amount: 200 }, { amount: 1300, number: 2 }]);
  t.deepEqual(when(state, refund()), []);
  t.like(refused(state, { amount: 1 }), { code: 'order-not-refundable' });
  t.is(when(state, refundedAtDesk(3 * PRICE)).length, 1);
  t.like(payments(state).items, [{ status: 'refunded', refundedAmount: 3 * PRICE }]);
});

test('O12a: all of the money is the whole order, with fewer units it is not', (t) => {
  const whole = given({}, CONFIRMED);
  t.like(when(whole, refund({ amount: 3 * PRICE })), [{ type: 'order-refunded' }]);
  t.is(whole.view().free, 5);
  const state = given({}, CONFIRMED);
  when(state, refund({ amount: 3 * PRICE, quantity: 1 }));
  t.like(state.orderView(0), { status: 'confirmed', refundedAmount: 3 * PRICE });
  t.like(when(state, refund()), [{ type: 'order-rest-refunded', amount: 0, quantity: 2 }]);
  t.like(state.orderView(0), { status: 'refunded', refundRequested: false });
  const feeKept = given({}, CONFIRMED);
  when(feeKept, refund({ amount: 1_400, quantity: 3 }));
  t.like(feeKept.view(), { sold: 0, free: 5 });
  t.like(feeKept.orderView(0), { status: 'confirmed', refundedQuantity: 3 });
  t.like(when(feeKept, refund()), [{ type: 'order-rest-refunded', amount: 100, quantity: 0 }]);
});

test('O12a: more than is left is refused, and changes nothing', (t) => {
  const state = given({}, CONFIRMED);
  when(state, refund({ amount: 1_000, quantity: 1 }));
  const code = 'order-not-refundable';
  t.like(refused(state, { amount: 501 }), { code, detail: 'amount: at most 500 is left.' });
  t.like(refused(state, { quantity: 3 }), { code, detail: 'quantity: at most 2 is left.' });
  t.like(refused(state, { amount: 1, restock: true }), { code: 'invalid-request' });
  t.like(refused(given(), { amount: 1 }), { code }, 'nothing is paid yet');
});

test('O12a: what was refunded at the provider’s desk is not refunded again', (t) => {
  const state = given({}, CONFIRMED);
  when(state, refundedAtDesk(600));
  t.like(state.orderView(0), { refundedAmount: 600 });
  t.like(refused(state, { amount: 901 }), { code: 'order-not-refundable' });
  when(state, refund({ amount: 100 }));
  t.like(payments(state).items, [{ refundedAmount: 700 }]);
  when(state, refundedAtDesk(600));
  t.deepEqual(when(state, refundedAtDesk(700)), [], 'the provider has made the part, too');
  t.like(when(state, refund({ restock: true })), [{ type: 'order-rest-refunded', amount: 800 }]);
  const levelUnknown = given({}, CONFIRMED);
  when(levelUnknown, refundedAtDesk(600));
  t.like(when(levelUnknown, refund()), [{ type: 'order-refunded' }]);
});

test('O12a: the desk’s refund of what parts have left refunds the order', (t) => {
  const state = given({}, CONFIRMED);
  when(state, refund({ quantity: 1, restock: false }));
  t.is(when(state, refundedAtDesk(3 * PRICE)).length, 2);
  t.like(state.orderView(0), { status: 'refunded', refundedQuantity: 3 });
  t.like(state.view(), { stocked: 4, sold: 0, free: 4 });
});

test('O12a, O6: units that came back do not count for the limit', (t) => {
  const state = given({}, CONFIRMED);
  const order: DropCommand = {
    type: 'place-order',
    dropId: 'd_1',
    userId: 'ann',
    key: 'new',
    quantity: 1,
  };
  t.like(decide(state, order, NOW), { code: 'limit-per-user' });
  when(state, refund({ quantity: 1 }));
  t.true(decide(state, order, NOW).ok);
});

test('O12a: a drop that is called off refunds what is left of each order', (t) => {
  const state = given({}, CONFIRMED);
  when(state, refund({ amount: 1_200, quantity: 2 }));
  applyEvent(state, { type: 'drop-cancelled' }, NOW);
  const events = decideDueOrders(state, NOW, 9);
  t.like(events, [{ type: 'order-rest-refunded', amount: 300, quantity: 1, reason: null }]);
  for (const event of events) applyEvent(state, event, NOW);
  t.like(state.view(), { stocked: 5, sold: 0, free: 5 });
});

test('O12a: an order that nobody was paid for is refunded in parts, too', (t) => {
  const state = given({ payment: 'instant' });
  when(state, refund({ quantity: 1 }));
  t.like(state.orderView(0), { status: 'confirmed', refundedAmount: PRICE, refundedQuantity: 1 });
  t.deepEqual(payments(state).items, []);
  when(state, refund());
  t.like(state.orderView(0), { status: 'refunded', refundRequested: false });
  const free = given({ unitAmount: 0 }, { ...CONFIRMED, reference: 'pay_d_1-0' });
  when(free, refund({ quantity: 1 }));
  t.like(free.orderView(0), { status: 'confirmed', refundedQuantity: 1 });
  t.false('refundedAmount' in free.orderView(0));
  t.like(refused(free, { amount: 1 }), { code: 'order-not-refundable' });
  t.like(when(free, refund()), [{ amount: 0, quantity: 2 }]);
});

test('O12a: a refund of everything at once is shown, and takes no memory', (t) => {
  const state = given({}, CONFIRMED);
  t.deepEqual(when(state, refund({ restock: true })), [{ type: 'order-refunded', ordinal: 0 }]);
  t.is(state.orders.payments(0), 'A', 'the reference only');
  t.deepEqual(payments(state).refunds, [
    { number: 1, amount: 1_500, quantity: 3, restocked: true, reason: null, createdAt: null },
  ]);
});

test('O12a: parts of an order are bounded, and the rest is refunded all the same', async (t) => {
  const state = given({}, CONFIRMED);
  const reason = '💔'.repeat(100);
  for (let i = 0; i < PARTIAL_REFUNDS_MAX; i++) when(state, refund({ amount: 1, reason }));
  t.like(refused(state, { amount: 1 }), { code: 'order-not-refundable' });
  // Further payments push none of it out.
  for (let i = 0; i < 2 * STORED_PAYMENTS_MAX; i++) {
    const rejected = { reference: `r${i}`, amount: 1, currency: 'EUR', reason: 'order-settled' };
    applyEvent(state, { type: 'payment-rejected', ordinal: 0, ...rejected } as DropEvent, NOW);
  }
  t.like(payments(state).items[0], { reference: 'A', refundedAmount: PARTIAL_REFUNDS_MAX });
  const loaded = await sealedAndLoaded(state);
  t.deepEqual(payments(loaded), payments(state));
  when(loaded, refund({ reason }));
  const { refunds } = payments(loaded);
  t.is(refunds.length, PARTIAL_REFUNDS_MAX + 1);
  t.true(refunds.every((one) => one.reason === reason));
  t.true(loaded.orders.payments(0)!.length < 2 ** 16, 'a replay’s page has it');
});
