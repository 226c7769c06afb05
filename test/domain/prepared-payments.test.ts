// Payments that the provider prepares one after the other (R5): when holds end, and what becomes of
// an order whose authorised payment will not be captured.

import test from 'ava';
import fc from 'fast-check';
import type { DropCommand, RecordPayment } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { decide, decideDueOrders } from '../../domain/decide.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { orderId } from '../../domain/ids.ts';
import { paymentsOf } from '../../domain/order-payments.ts';
import { headOf, restoreDrop, restoreSteps, tailOf } from '../../storage/formats/drop-snapshot.ts';

const NOW = 1_000_000;
const HOLD_MS = 10_000;
const PACE_MS = 80;
const MARGIN_MS = 15 * 60_000;
const INTENT = 'pi_1';

function dropOf(orders: number, terms: Partial<DropTerms> = {}): DropState {
  const all: DropTerms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 3_600_000,
    unitAmount: 19_900,
    currency: 'EUR',
    limitPerUser: 2,
    holdSeconds: HOLD_MS / 1_000,
    payment: 'provider',
    paymentPaceMs: PACE_MS,
    ...terms,
  };
  const state = createDrop({ type: 'drop-created', terms: all, stock: 100 }, NOW);
  applyEvent(state, { type: 'drop-opened' }, NOW);
  for (let i = 0; i < orders; i++)
    applyEvent(state, { type: 'order-placed', userId: `u_${i}`, key: 'k', quantity: 1 }, NOW);
  return state;
}

/** Applies what comes of the command, and gives the events; a refusal's code. */
function when(state: DropState, command: DropCommand, now = NOW): readonly DropEvent[] | string {
  const decision = decide(state, command, now);
  if (!decision.ok) return decision.code;
  for (const event of decision.events) applyEvent(state, event, now);
  return decision.events;
}

function prepare(ordinal: number, reference = INTENT): DropCommand {
  return { type: 'prepare-payment', dropId: 'd_1', orderId: orderId('d_1', ordinal), reference };
}

function told(outcome: RecordPayment['outcome'], reference = INTENT): RecordPayment {
  const about = { dropId: 'd_1', orderId: orderId('d_1', 0), reference };
  return { type: 'record-payment', ...about, outcome, amount: null, currency: null };
}

const upwards = (a: number, b: number) => a - b;

function expire(state: DropState, now: number): number[] {
  const events = decideDueOrders(state, now, 1_000);
  for (const event of events) applyEvent(state, event, now);
  return events.map((event) => ('ordinal' in event ? event.ordinal : -1));
}

test('R5: a hold waits for its turn, and its time to pay begins when its payment is prepared', (t) => {
  const state = dropOf(2);
  t.is(state.orderView(0).holdExpiresAt, NOW + HOLD_MS + MARGIN_MS + PACE_MS);
  t.is(state.orderView(1).holdExpiresAt, NOW + HOLD_MS + MARGIN_MS + 2 * PACE_MS);
  t.deepEqual(expire(state, NOW + HOLD_MS), []);
  const readyAt = NOW + 30_000;
  t.deepEqual(when(state, prepare(0), readyAt), [
    { type: 'payment-prepared', ordinal: 0, reference: INTENT },
  ]);
  t.like(state.orderView(0), {
    status: 'reserved',
    holdExpiresAt: readyAt + HOLD_MS,
    paymentReference: INTENT,
  });
  t.deepEqual(
    paymentsOf(state, 0).map(({ reference, status }) => ({ reference, status })),
    [{ reference: INTENT, status: 'pending' }],
  );
  t.is(state.nextOrderDeadline(), readyAt + HOLD_MS);
  t.deepEqual(expire(state, readyAt + HOLD_MS - 1), []);
  t.deepEqual(expire(state, readyAt + HOLD_MS), [0]);
  t.is(state.orderView(0).holdExpiresAt, readyAt + HOLD_MS, 'as it was');
});

test('R5: without a pace a hold begins at once, and again when its payment is prepared', (t) => {
  const state = dropOf(2, { paymentPaceMs: 0 });
  t.is(state.nextOrderDeadline(), NOW + HOLD_MS);
  when(state, prepare(0), NOW + 5_000);
  t.is(state.orderView(0).holdExpiresAt, NOW + 5_000 + HOLD_MS);
  t.deepEqual(expire(state, NOW + HOLD_MS), [1]);
});

test('R5: a payment is prepared once, and only while the hold lasts', (t) => {
  const state = dropOf(3);
  when(state, prepare(0));
  t.deepEqual(when(state, prepare(0)), []);
  t.deepEqual(when(state, prepare(0, 'pi_2')), []);
  t.is(state.orderView(0).paymentReference, INTENT);
  const end = state.orderView(1).holdExpiresAt!;
  t.deepEqual(when(state, prepare(1), end), [], 'the expiry is late');
  applyEvent(state, { type: 'order-expired', ordinal: 2 }, NOW);
  t.deepEqual(when(state, prepare(2)), []);
  t.is(when(state, prepare(3)), 'not-found');
});

test('R5: a confirmed order keeps the end of its hold and its payment’s reference', (t) => {
  const state = dropOf(1);
  when(state, prepare(0), NOW + 1_000);
  const { holdExpiresAt } = state.orderView(0);
  t.deepEqual(when(state, told('succeeded')), [
    { type: 'order-confirmed', ordinal: 0, reference: INTENT },
  ]);
  t.like(state.orderView(0), { status: 'confirmed', holdExpiresAt, paymentReference: INTENT });
});

test('R5: a confirmed order whose payment is voided fails, and its units are free', (t) => {
  const state = dropOf(1);
  when(state, prepare(0));
  when(state, told('succeeded'));
  t.like(state.view(), { held: 0, sold: 1 });
  t.deepEqual(when(state, told('voided')), [
    { type: 'payment-voided', ordinal: 0, reference: INTENT },
  ]);
  t.like(state.view(), { held: 0, sold: 0, free: 100 });
  t.like(state.orderView(0), { status: 'failed', refundRequested: false });
  t.is(state.userUnits[0], 0);
  t.deepEqual(when(state, told('voided')), []);
  t.like(paymentsOf(state, 0), [{ reference: INTENT, status: 'cancelled' }]);
});

test('R5: a reserved order whose payment is voided fails; a strange payment changes nothing', (t) => {
  const state = dropOf(1);
  t.deepEqual(when(state, told('voided', 'pi_other')), []);
  when(state, prepare(0));
  t.deepEqual(when(state, told('voided', 'pi_other')), []);
  t.deepEqual(when(state, told('voided')), [
    { type: 'order-failed', ordinal: 0, reference: INTENT },
  ]);
});

test('R5: voiding a payment that is to be refunded changes nothing', (t) => {
  const state = dropOf(1);
  when(state, prepare(0));
  applyEvent(state, { type: 'order-expired', ordinal: 0 }, NOW);
  applyEvent(state, { type: 'refund-requested', ordinal: 0, reference: INTENT }, NOW);
  t.deepEqual(when(state, told('voided')), []);
  t.true(state.orderView(0).refundRequested);
});

test('R5: whatever is prepared in whatever order, each hold ends at its own time', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('prepare' as const), ordinal: fc.nat(19) }),
    fc.record({ kind: fc.constant('confirm' as const), ordinal: fc.nat(19) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(MARGIN_MS / 4) }),
    fc.record({ kind: fc.constant('restore' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let state = dropOf(20);
      let now = NOW;
      const ends = new Map<number, number>();
      for (let i = 0; i < 20; i++) ends.set(i, NOW + HOLD_MS + MARGIN_MS + PACE_MS * (i + 1));
      for (const [at, next] of [...steps, { kind: 'wait' as const, ms: 2 * MARGIN_MS }].entries()) {
        if (next.kind === 'prepare') {
          const events = when(state, prepare(next.ordinal, `pi_${next.ordinal}`), now);
          if (events.length > 0) ends.set(next.ordinal, now + HOLD_MS);
        } else if (next.kind === 'confirm') {
          const { ordinal } = next;
          if (!state.orders.isReserved(ordinal)) continue;
          applyEvent(state, { type: 'order-confirmed', ordinal, reference: `pi_${ordinal}` }, now);
          ends.delete(ordinal);
        } else if (next.kind === 'restore') {
          const head = { ...headOf(state), ...tailOf(state) };
          state = await restoreDrop(
            head,
            () => undefined,
            restoreSteps(async () => undefined),
          );
        } else {
          now += next.ms;
          const due = [...ends].filter(([, end]) => end <= now).map(([ordinal]) => ordinal);
          const expired = expire(state, now);
          t.deepEqual(expired.toSorted(upwards), due.toSorted(upwards), `step ${at}`);
          for (const ordinal of due) ends.delete(ordinal);
          t.is(state.nextOrderDeadline(), Math.min(Infinity, ...ends.values()));
        }
        for (const [ordinal, end] of ends) t.is(state.orderView(ordinal).holdExpiresAt, end);
      }
      t.is(state.held, 0);
    }),
    { numRuns: 60 },
  );
});
