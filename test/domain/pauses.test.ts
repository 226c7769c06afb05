// Pauses of a drop (D8): given events, when somebody asks, then events. Holds that do not run
// meanwhile, and ends that move.

import test from 'ava';
import fc from 'fast-check';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { decide, decideDueOrders, decideStatus } from '../../domain/decide.ts';
import type { AmendDrop, DropCommand, PauseDrop, ResumeDrop } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms, MilestoneType } from '../../contracts/drops.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { HOLD_STOPS_MAX } from '../../domain/hold-stops.ts';
import { milestoneOf } from '../../domain/milestones.ts';
import { sealedAndLoaded } from '../storage/sealed-drops.ts';

const NOW = 1_000_000;
const ENDS = NOW + 60_000;
const HOLD_MS = 10_000;
const SELLER = { userId: 'creator', operator: false };
const OPENED: DropEvent = { type: 'drop-opened' };

function given(terms: Partial<DropTerms>, ...events: DropEvent[]): DropState {
  const all: DropTerms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: ENDS,
    unitAmount: 500,
    currency: 'EUR',
    limitPerUser: 3,
    holdSeconds: HOLD_MS / 1000,
    payment: 'provider',
    ...terms,
  };
  const state = createDrop({ type: 'drop-created', terms: all, stock: 50 }, NOW);
  for (const event of events) applyEvent(state, event, NOW);
  return state;
}

const pause = (extendHolds = false, reason: string | null = null): PauseDrop => ({
  type: 'pause-drop',
  dropId: 'd_1',
  caller: SELLER,
  extendHolds,
  reason,
});
const resume: ResumeDrop = { type: 'resume-drop', dropId: 'd_1', caller: SELLER };
const amend = (endsAt: number, mayExtend = true): AmendDrop => ({
  type: 'amend-drop',
  dropId: 'd_1',
  caller: SELLER,
  endsAt,
  ...(mayExtend && { mayExtend: true }),
});
const place = (userId = 'ann', key = 'k'): DropCommand => ({
  type: 'place-order',
  dropId: 'd_1',
  userId,
  key,
  quantity: 1,
});
const placed = (userId = 'ann', key = 'k'): DropEvent => ({
  type: 'order-placed',
  userId,
  key,
  quantity: 1,
});

/** Applies what comes of the command, and gives the types of the events; a refusal's code. */
function when(state: DropState, command: DropCommand, now = NOW): string {
  const decision = decide(state, command, now);
  if (!decision.ok) return decision.code;
  for (const event of decision.events) applyEvent(state, event, now);
  return decision.events.map(({ type }) => type).join(' ');
}

function expire(state: DropState, now: number): number {
  const events = decideDueOrders(state, now, 100);
  for (const event of events) applyEvent(state, event, now);
  return events.length;
}

test('D8: a paused drop takes no orders, gives those it has, and goes on', (t) => {
  const state = given({}, OPENED, placed());
  const { revision } = state;
  t.is(when(state, pause(false, 'Wrong price.'), NOW + 5), 'drop-paused');
  t.like(state.view(), {
    status: 'live',
    paused: true,
    pausedAt: NOW + 5,
    pausedVersion: 4,
    pauseReason: 'Wrong price.',
    revision: revision + 1,
  });
  t.false('holdsPaused' in state.view());
  t.is(when(state, place('bob')), 'drop-paused');
  t.like(decide(state, place(), NOW + 6), { ok: true, replayed: true });
  t.is(when(state, pause(true)), '', 'twice is a success');
  t.is(when(state, resume, NOW + 50), 'drop-resumed');
  t.false('paused' in state.view());
  t.is(when(state, resume, NOW + 51), '');
  t.is(when(state, place('bob'), NOW + 52), 'order-placed');
});

test('D8: only the creator and operators pause, and nobody what is over', (t) => {
  const stranger = { userId: 'eve', operator: false };
  const operator = { userId: 'olga', operator: true };
  const state = given({}, OPENED);
  t.is(when(state, { ...pause(), caller: stranger }), 'forbidden');
  t.is(when(state, { ...resume, caller: stranger }), 'forbidden');
  t.is(when(state, { ...pause(), ifMatch: [7] }), 'precondition-failed');
  t.is(when(state, { ...pause(), caller: operator }), 'drop-paused');
  t.is(when(state, pause(), ENDS), 'drop-ended', 'the closing event may be late');
  const over = given({}, OPENED, { type: 'drop-closed' });
  t.is(when(over, pause()), 'drop-ended');
  t.is(when(over, resume), 'drop-ended');
  t.is(when(given({}, { type: 'drop-cancelled' }), pause()), 'drop-ended');
});

test('D8: a paused drop opens and ends on time, and its end is the end of the pause', (t) => {
  const state = given({ startsAt: NOW + 1_000 });
  t.is(when(state, pause()), 'drop-paused');
  t.is(when(state, place()), 'drop-not-live');
  t.deepEqual(decideStatus(state, NOW + 1_000), [OPENED]);
  applyEvent(state, OPENED, NOW + 1_000);
  t.like(state.view(), { status: 'live', paused: true });
  t.is(when(state, place(), NOW + 1_001), 'drop-paused');
  t.deepEqual(decideStatus(state, ENDS), [{ type: 'drop-closed' }]);
  applyEvent(state, { type: 'drop-closed' }, ENDS);
  t.false('paused' in state.view());
  const cancelled = given({}, OPENED);
  when(cancelled, pause());
  applyEvent(cancelled, { type: 'drop-cancelled' }, NOW);
  t.false('paused' in cancelled.view());
});

test('D8: holds run on in a pause, and may be paid', (t) => {
  const state = given({}, OPENED, placed('ann'), placed('bob'));
  when(state, pause(), NOW + 1_000);
  t.is(state.nextDeadline(), NOW + HOLD_MS);
  const about = { dropId: 'd_1', orderId: 'd_1-0', reference: 'r', amount: null, currency: null };
  t.is(
    when(state, { type: 'record-payment', ...about, outcome: 'succeeded' }, NOW + 2_000),
    'order-confirmed',
  );
  t.is(expire(state, NOW + HOLD_MS), 1);
  t.like(state.view(), { held: 0, sold: 1, paused: true });
});

test('D8: with extendHolds no hold ends in the pause, and each gets its time back', (t) => {
  const state = given({}, OPENED, placed('ann'));
  applyEvent(state, placed('bob'), NOW + 4_000);
  when(state, pause(true), NOW + 6_000);
  t.is(state.view().holdsPaused, true);
  t.is(state.nextOrderDeadline(), Infinity);
  t.is(state.orderView(0).holdExpiresAt, NOW + HOLD_MS, 'at the earliest');
  t.is(expire(state, NOW + 50_000), 0);
  when(state, resume, NOW + 36_000);
  t.is(state.orderView(0).holdExpiresAt, NOW + HOLD_MS + 30_000);
  t.is(state.orderView(1).holdExpiresAt, NOW + 4_000 + HOLD_MS + 30_000);
  applyEvent(state, placed('cleo'), NOW + 36_000);
  t.is(state.orderView(2).holdExpiresAt, NOW + 36_000 + HOLD_MS);
  t.is(expire(state, NOW + HOLD_MS + 30_000 - 1), 0);
  t.is(expire(state, NOW + HOLD_MS + 30_000), 1);
});

test('D8: a hold that had ended before the pause is not extended by it', (t) => {
  const state = given({}, OPENED, placed('ann'));
  applyEvent(state, placed('bob'), NOW + 1);
  // Its release is late.
  when(state, pause(true), NOW + HOLD_MS);
  t.is(expire(state, NOW + HOLD_MS), 1);
  t.is(state.orderView(1).status, 'reserved');
  const cancel: DropCommand = {
    type: 'cancel-order',
    dropId: 'd_1',
    orderId: 'd_1-1',
    caller: { userId: 'bob', operator: false },
  };
  t.is(when(state, cancel, NOW + 99_000), 'order-cancelled', 'its hold has not ended');
});

test('D8: holds go on when the drop ends in the pause', (t) => {
  const state = given({}, OPENED);
  applyEvent(state, placed(), ENDS - 5_000);
  when(state, pause(true), ENDS - 2_000);
  applyEvent(state, { type: 'drop-closed' }, ENDS);
  t.is(state.nextDeadline(), ENDS - 5_000 + HOLD_MS + 2_000);
  t.false(state.isOver);
  expire(state, state.nextDeadline());
  t.true(state.isOver);
});

test('D8: pauses that extend holds are bounded, pauses without holds are not counted', (t) => {
  const state = given({}, OPENED);
  for (let i = 0; i < 2 * HOLD_STOPS_MAX; i++) {
    when(state, pause(true), NOW + i);
    when(state, resume, NOW + i + 1);
  }
  t.is(state.holdStops, null);
  applyEvent(state, placed(), NOW + 100);
  for (let i = 0; i < HOLD_STOPS_MAX; i++) {
    t.is(when(state, pause(true), NOW + 200 + 2 * i), 'drop-paused');
    when(state, resume, NOW + 201 + 2 * i);
  }
  t.is(state.orderView(0).holdExpiresAt, NOW + 100 + HOLD_MS + HOLD_STOPS_MAX);
  t.is(when(state, pause(true), NOW + 300), 'invalid-request');
  t.is(when(state, pause(false), NOW + 300), 'drop-paused');
});

test('D8: a pause and extended holds outlast sealing and snapshots', async (t) => {
  const state = given({}, OPENED, placed());
  when(state, pause(true, 'soon'), NOW + 100);
  when(state, resume, NOW + 300);
  when(state, pause(true, 'again'), NOW + 400);
  const loaded = await sealedAndLoaded(state);
  t.deepEqual(loaded.view(), state.view());
  for (const one of [state, loaded]) when(one, resume, NOW + 700);
  t.deepEqual(loaded.orderView(0), state.orderView(0));
  t.is(loaded.orderView(0).holdExpiresAt, NOW + HOLD_MS + 500);
});

test('D8: a live drop’s end moves both ways, and what is over stays over', (t) => {
  const state = given({}, OPENED);
  t.is(when(state, amend(ENDS + 5_000, false)), 'drop-already-started', 'below feature level 3');
  t.is(when(state, amend(ENDS + 5_000), ENDS - 1), 'drop-amended');
  t.is(state.endsAt, ENDS + 5_000);
  t.is(when(state, place(), ENDS + 1), 'order-placed');
  t.is(when(state, amend(ENDS + 9_000), ENDS + 5_000), 'drop-ended');
  t.is(when(state, { ...amend(ENDS + 9_000), startsAt: NOW + 1 }), 'drop-already-started');
});

test('D8, N2: pausing, going on and a later end are moments; units in a pause are for nobody', (t) => {
  const state = given({}, OPENED);
  const cases: [DropEvent, MilestoneType | null][] = [
    [{ type: 'drop-paused', extendHolds: false, reason: null }, 'paused'],
    [{ type: 'drop-resumed' }, 'resumed'],
    [{ type: 'drop-amended', startsAt: NOW, endsAt: ENDS + 1, limitPerUser: 3 }, 'extended'],
    [{ type: 'drop-amended', startsAt: NOW, endsAt: ENDS - 1, limitPerUser: 3 }, null],
  ];
  for (const [event, milestone] of cases) {
    const { free, endsAt } = state;
    applyEvent(state, event, NOW);
    t.is(milestoneOf(event, free, endsAt, state), milestone);
  }
  const soldOut = given({}, OPENED);
  soldOut.stocked = 1;
  applyEvent(soldOut, placed(), NOW);
  when(soldOut, pause());
  const expired: DropEvent = { type: 'order-expired', ordinal: 0 };
  applyEvent(soldOut, expired, NOW);
  t.is(milestoneOf(expired, 0, ENDS, soldOut), null);
});

test('D8, O11: holds end in order of their beginning, each by a clock that stands still', (t) => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 4_000 }),
    act: fc.constantFrom('order', 'order', 'pause', 'stop', 'resume'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const state = given({ endsAt: NOW + 10_000_000 }, OPENED);
      state.stocked = 1_000;
      let now = NOW;
      /** What the clock of holds says. */
      let held = 0;
      const ends: { readonly at: number; readonly ordinal: number }[] = [];
      for (const { afterMs, act } of steps) {
        for (let ms = 0; ms < afterMs; ms += 100) {
          now += 100;
          if (state.view().holdsPaused !== true) held += 100;
          const due = decideDueOrders(state, now, 1_000);
          for (const event of due) applyEvent(state, event, now);
          const ended = due.map((event) => ('ordinal' in event ? event.ordinal : -1));
          const expected = ends.filter(({ at }) => at <= held).map(({ ordinal }) => ordinal);
          while (ends.length > 0 && ends[0]!.at <= held) ends.shift();
          t.deepEqual(ended, expected);
        }
        if (
          act === 'order' &&
          when(state, place(`u${now}`, `k${ends.length}`), now) === 'order-placed'
        )
          ends.push({ at: held + HOLD_MS, ordinal: state.orders.size - 1 });
        if (act === 'pause') when(state, pause(false), now);
        if (act === 'stop') when(state, pause(true), now);
        if (act === 'resume') when(state, resume, now);
      }
    }),
    { numRuns: 100 },
  );
});
