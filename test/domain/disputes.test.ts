// Disputes of payments (P7): given events, when the provider tells, then events.

import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { answerTo, decide } from '../../domain/decide.ts';
import type { DropCommand, RecordPayment, RefundOrder } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { OrderPayments } from '../../contracts/payments.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { newestOrders } from '../../domain/newest-orders.ts';
import { sealedAndLoaded } from '../storage/sealed-drops.ts';

const NOW = 1_000_000;
const PRICE = 1_000;
const SELLER = { userId: 'creator', operator: false };
const CONFIRMED: DropEvent = { type: 'order-confirmed', ordinal: 0, reference: 'A' };

function given(...events: DropEvent[]): DropState {
  const terms = {
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
  } as const;
  const state = createDrop({ type: 'drop-created', terms, stock: 5 }, NOW);
  const placed: DropEvent = { type: 'order-placed', userId: 'ann', key: 'k', quantity: 1 };
  for (const event of [{ type: 'drop-opened' } as const, placed, placed, ...events])
    applyEvent(state, 'key' in event ? { ...event, key: `k${state.orders.size}` } : event, NOW);
  return state;
}

function told(
  outcome: RecordPayment['outcome'],
  { amount = null, reference = 'A' }: { amount?: number | null; reference?: string } = {},
): RecordPayment {
  const about = { dropId: 'd_1', orderId: 'd_1-0', reference, currency: null };
  return { type: 'record-payment', ...about, outcome, amount };
}

/** Applies what comes of the command, and gives the events; a refusal's code. */
function when(state: DropState, command: DropCommand, now = NOW): readonly DropEvent[] | string {
  const decision = decide(state, command, now);
  if (!decision.ok) return decision.code;
  for (const event of decision.events) applyEvent(state, event, now);
  return decision.events;
}

function payments(state: DropState): OrderPayments['items'] {
  const command: DropCommand = {
    type: 'get-order-payments',
    dropId: 'd_1',
    orderId: 'd_1-0',
    caller: SELLER,
  };
  const decision = decide(state, command, NOW);
  if (!decision.ok) throw new Error(decision.code);
  return (answerTo(state, command, decision) as OrderPayments).items;
}

const refund = (amount: number): RefundOrder => ({
  type: 'refund-order',
  dropId: 'd_1',
  orderId: 'd_1-0',
  caller: SELLER,
  amount,
});

test('P7: a dispute is recorded with its payment, once, and changes no status', (t) => {
  const state = given(CONFIRMED);
  const before = state.orderView(0);
  t.deepEqual(when(state, told('disputed', { amount: 600 }), NOW + 5), [
    { type: 'payment-disputed', ordinal: 0, reference: 'A', amount: 600, currency: 'EUR' },
  ]);
  t.deepEqual(when(state, told('disputed', { amount: 600 })), []);
  t.deepEqual(state.orderView(0), { ...before, version: before.version + 1 });
  const dispute = { status: 'open', amount: 600, currency: 'EUR', openedAt: NOW + 5 } as const;
  t.like(payments(state), [{ reference: 'A', status: 'succeeded', refundedAmount: 0 }]);
  t.deepEqual(payments(state)[0]!.dispute, { ...dispute, closedAt: null });
  t.like(when(state, told('dispute-won'), NOW + 9), [{ type: 'dispute-closed', outcome: 'won' }]);
  t.like(payments(state), [{ refundedAmount: 0 }]);
  t.deepEqual(payments(state)[0]!.dispute, { ...dispute, status: 'won', closedAt: NOW + 9 });
  t.deepEqual(when(state, told('dispute-lost')), [], 'what is closed stays closed');
});

test('P7: what a dispute took counts as refunded, and is not paid back again', (t) => {
  const state = given(CONFIRMED);
  when(state, refund(100));
  when(state, told('disputed', { amount: 600 }));
  when(state, told('dispute-lost'));
  t.like(payments(state), [{ status: 'succeeded', amount: PRICE, refundedAmount: 700 }]);
  t.like(state.orderView(0), { status: 'confirmed', refundedAmount: 700 });
  t.is(when(state, refund(301)), 'order-not-refundable');
  when(state, told('refunded', { amount: 200 }));
  t.like(payments(state), [{ refundedAmount: 800 }], 'the desk tells of refunds only');
  when(state, refund(150));
  t.like(payments(state), [{ refundedAmount: 950 }]);
  t.like(when(state, { ...refund(50), restock: true }), [{ type: 'order-rest-refunded' }]);
  const whole = given(CONFIRMED);
  when(whole, told('disputed'));
  when(whole, told('dispute-lost'));
  t.like(payments(whole), [{ refundedAmount: PRICE }]);
  t.is(when(whole, refund(1)), 'order-not-refundable');
});

test('P7: an end that is told first opens and closes the dispute', (t) => {
  const state = given(CONFIRMED);
  t.like(when(state, told('dispute-lost', { amount: 10 })), [
    { type: 'payment-disputed', amount: 10 },
    { type: 'dispute-closed', outcome: 'lost' },
  ]);
  t.deepEqual(when(state, told('disputed', { amount: 10 })), []);
});

test('P7: only what was paid is disputed, each payment by itself', (t) => {
  t.is(when(given(), told('disputed')), 'not-found');
  t.is(when(given(CONFIRMED), told('disputed', { reference: 'B' })), 'not-found');
  const state = given(CONFIRMED);
  when(state, told('succeeded', { reference: 'B' }));
  when(state, told('disputed', { reference: 'B' }));
  const shown = payments(state).map(({ reference, dispute }) => [reference, dispute?.status]);
  t.deepEqual(shown, [
    ['A', undefined],
    ['B', 'open'],
  ]);
});

test('P7: disputes outlast sealing, and find their orders', async (t) => {
  const state = given(CONFIRMED);
  when(state, refund(100));
  when(state, told('disputed', { amount: 600 }));
  when(state, told('succeeded', { reference: 'B' }));
  const loaded = await sealedAndLoaded(state);
  t.deepEqual(payments(loaded), payments(state));
  when(loaded, told('dispute-lost'));
  t.like(payments(loaded), [
    { refundedAmount: 700, dispute: { status: 'lost' } },
    { reference: 'B' },
  ]);
  const list = (disputed: boolean) =>
    newestOrders(loaded, { filter: { disputed }, before: null, limit: 9 }).items.map(
      ({ id }) => id,
    );
  t.deepEqual(list(true), ['d_1-0']);
  t.deepEqual(list(false), ['d_1-1', 'd_1-0']);
});
