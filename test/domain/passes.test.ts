// Drops that ask for a pass, and early access with one (D9): given events, when somebody asks, then
// events.

import test from 'ava';
import type { AmendDrop, DropCommand, PlaceOrder } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { decide, decideDueOrders, decideStatus } from '../../domain/decide.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { orderId } from '../../domain/ids.ts';
import { passNumber, PASS_SERIALS, passTerms } from '../../domain/pass.ts';
import { sealedAndLoaded } from '../storage/sealed-drops.ts';

const NOW = 1_000_000;
const HOLD_MS = 10_000;
const SELLER = { userId: 'creator', operator: false };
const OPENED: DropEvent = { type: 'drop-opened' };

function given(terms: Partial<DropTerms>, ...events: DropEvent[]): DropState {
  const all: DropTerms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 60_000,
    unitAmount: 500,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: HOLD_MS / 1000,
    payment: 'provider',
    ...terms,
  };
  const state = createDrop({ type: 'drop-created', terms: all, stock: 50 }, NOW - 30_000);
  for (const event of events) applyEvent(state, event, NOW);
  return state;
}

interface Shown {
  readonly serial?: number;
  readonly units?: number;
  readonly singleUse?: boolean;
  readonly from?: number;
}

function passOf({ serial = 1, units = 1, singleUse = false, from = 0 }: Shown) {
  return { number: passNumber({ serial, units, singleUse }), from };
}

let keys = 0;
function place(userId: string, quantity: number, shown?: Shown): PlaceOrder {
  const order = {
    type: 'place-order',
    dropId: 'd_1',
    userId,
    key: `k${++keys}`,
    quantity,
  } as const;
  return shown === undefined ? order : { ...order, pass: passOf(shown) };
}

function amend(change: Partial<AmendDrop>): AmendDrop {
  return { type: 'amend-drop', dropId: 'd_1', caller: SELLER, ...change };
}

function paid(ordinal: number): DropCommand {
  return {
    type: 'record-payment',
    dropId: 'd_1',
    orderId: orderId('d_1', ordinal),
    reference: `r${ordinal}`,
    outcome: 'succeeded',
    amount: null,
    currency: null,
  };
}

/** Applies what comes of the command, and gives the types of the events; a refusal's code. */
function when(state: DropState, command: DropCommand, now = NOW): string {
  const decision = decide(state, command, now);
  if (!decision.ok) return decision.code;
  for (const event of decision.events) applyEvent(state, event, now);
  return decision.events.map(({ type }) => type).join(' ');
}

test('D9: a pass’s number says what it is good for, at every edge', (t) => {
  for (const serial of [0, 1, PASS_SERIALS - 1]) {
    for (const units of [1, 2, 1_000]) {
      for (const singleUse of [true, false]) {
        const terms = { serial, units, singleUse };
        const number = passNumber(terms);
        t.true(Number.isSafeInteger(number) && number < 2 ** 50);
        t.deepEqual(passTerms(number), terms);
      }
    }
  }
});

test('D9: a drop that asks for a pass takes no order without one', (t) => {
  const state = given({ access: 'pass' }, OPENED);
  t.is(state.view().access, 'pass');
  t.is(when(state, place('ann', 1)), 'pass-required');
  t.is(when(state, place('ann', 1, {})), 'order-placed');
  const open = given({}, OPENED);
  t.false('access' in open.view() || 'earlyAccessSeconds' in open.view());
  t.is(when(open, place('ann', 1)), 'order-placed');
  t.is(when(open, place('bob', 2, { units: 1 })), 'pass-used', 'who shows a pass has its bounds');
});

test('D9: a pass for one order is spent by it, whatever becomes of the order', (t) => {
  const state = given({ access: 'pass' }, OPENED);
  const single = { serial: 7, units: 2, singleUse: true };
  t.is(when(state, place('ann', 3, single)), 'pass-used', 'it is for two units');
  t.is(when(state, place('ann', 1, single)), 'order-placed');
  t.is(when(state, place('ann', 1, single)), 'pass-used');
  for (const event of decideDueOrders(state, NOW + HOLD_MS, 10))
    applyEvent(state, event, NOW + HOLD_MS);
  t.is(state.held, 0);
  t.is(when(state, place('bob', 1, single), NOW + HOLD_MS), 'pass-used');
  t.is(when(state, place('bob', 1, { serial: 8 }), NOW + HOLD_MS), 'order-placed');
});

test('D9: the units of a pass count over all its orders, and come back with an order’s', (t) => {
  const state = given({ access: 'pass' }, OPENED);
  const three = { units: 3 };
  t.is(when(state, place('ann', 2, three)), 'order-placed');
  t.is(when(state, place('bob', 2, three)), 'pass-used');
  t.is(when(state, place('bob', 1, three)), 'order-placed');
  t.is(when(state, place('eve', 1, three)), 'pass-used');
  const cancel = { type: 'cancel-order', dropId: 'd_1', orderId: orderId('d_1', 1) } as const;
  t.is(when(state, { ...cancel, caller: { userId: 'bob', operator: false } }), 'order-cancelled');
  t.is(when(state, place('eve', 1, three)), 'order-placed');
});

test('P4, D9: a late payment takes units again only as far as the pass still has them', (t) => {
  const state = given({ access: 'pass' }, OPENED);
  const three = { units: 3 };
  t.is(when(state, place('ann', 2, three)), 'order-placed');
  const late = NOW + HOLD_MS;
  for (const event of decideDueOrders(state, late, 10)) applyEvent(state, event, late);
  t.is(when(state, place('bob', 2, three), late), 'order-placed');
  t.is(when(state, paid(0), late), 'refund-requested');
  t.is(when(state, paid(1), late), 'order-confirmed');
});

test('O3, D9: the same key with the same pass is the same order; another pass is another body', (t) => {
  const state = given({ access: 'pass' }, OPENED);
  const order = place('ann', 1, { singleUse: true });
  t.is(when(state, order), 'order-placed');
  t.like(decide(state, order, NOW), { ok: true, replayed: true, ordinal: 0 });
  const other = { ...order, pass: passOf({ serial: 2 }) };
  t.is(when(state, other), 'idempotency-key-reused');
  const { pass: _, ...without } = order;
  t.is(when(state, without), 'idempotency-key-reused');
});

test('D9: a pass opens the drop early, and not before its own time', (t) => {
  const state = given({ earlyAccessSeconds: 10 });
  const opensAt = NOW - 10_000;
  t.like(decide(state, place('ann', 1), opensAt), { code: 'drop-not-live', startsAt: NOW });
  const early = decide(state, place('ann', 1, {}), opensAt - 1);
  t.like(early, { code: 'pass-not-yet', startsAt: opensAt });
  const own = decide(state, place('ann', 1, { from: NOW - 5_000 }), opensAt);
  t.like(own, { code: 'pass-not-yet', startsAt: NOW - 5_000 });
  t.is(when(state, place('ann', 1, {}), opensAt), 'order-placed');
  t.is(state.view().status, 'upcoming');
  t.is(when(state, place('bob', 1, { serial: 2, from: NOW - 5_000 }), NOW - 5_000), 'order-placed');
  t.deepEqual(decideStatus(state, NOW - 1), []);
  for (const event of decideStatus(state, NOW)) applyEvent(state, event, NOW);
  t.is(when(state, place('eve', 1)), 'order-placed', 'everybody may order from the start on');
  t.is(when(state, paid(0)), 'order-confirmed');
});

test('D9: without early access a pass does not open an upcoming drop', (t) => {
  const state = given({ access: 'pass' });
  t.like(decide(state, place('ann', 1, {}), NOW - 1), { code: 'drop-not-live', startsAt: NOW });
});

test('D9, O11: holds of the time before the start end on time, and a paused drop takes nothing', (t) => {
  const state = given({ earlyAccessSeconds: 20 });
  t.is(when(state, place('ann', 1, {}), NOW - 20_000), 'order-placed');
  t.is(state.nextDeadline(), NOW - 20_000 + HOLD_MS);
  const end = NOW - 20_000 + HOLD_MS;
  t.is(decideDueOrders(state, end - 1, 10).length, 0);
  for (const event of decideDueOrders(state, end, 10)) applyEvent(state, event, end);
  t.is(state.orderView(0).status, 'expired');
  const pause = { type: 'pause-drop', dropId: 'd_1', caller: SELLER } as const;
  t.is(when(state, { ...pause, extendHolds: false, reason: null }, end), 'drop-paused');
  t.is(when(state, place('ann', 1, {}), end), 'drop-paused');
});

test('D9, D3: before early access everything changes, from then on as in a live drop', (t) => {
  const state = given({ earlyAccessSeconds: 10 });
  const before = NOW - 10_001;
  t.is(when(state, amend({ access: 'pass' }), before), 'drop-access-changed');
  t.is(when(state, amend({ earlyAccessSeconds: 0 }), before), 'drop-access-changed');
  t.false('earlyAccessSeconds' in state.view());
  t.is(when(state, amend({ earlyAccessSeconds: 10 }), before), 'drop-access-changed');
  t.is(when(state, amend({ access: 'pass', earlyAccessSeconds: 10 }), before), '');
  const { revision } = state;
  const begun = NOW - 10_000;
  for (const change of [
    { unitAmount: 1 },
    { stock: 5 },
    { limitPerUser: 1 },
    { startsAt: NOW + 1 },
    { earlyAccessSeconds: 5 },
  ])
    t.is(when(state, amend(change), begun), 'drop-already-started', JSON.stringify(change));
  t.is(when(state, amend({ addStock: 1 }), begun), 'drop-restocked');
  t.is(when(state, amend({ access: 'public' }), begun), 'drop-access-changed');
  t.is(state.revision, revision + 2);
  t.is(when(state, amend({ access: 'pass' }), begun), 'drop-already-started');
});

test('J9, D9: what of passes is used outlasts sealing and snapshots', async (t) => {
  const state = given({ access: 'pass', earlyAccessSeconds: 10 }, OPENED);
  const single = { serial: 7, units: 2, singleUse: true };
  for (const order of [place('ann', 1, single), place('bob', 2, { units: 3 })])
    t.is(when(state, order), 'order-placed');
  for (const event of decideDueOrders(state, NOW + HOLD_MS, 1))
    applyEvent(state, event, NOW + HOLD_MS);
  const again = await sealedAndLoaded(state);
  t.like(again.view(), { access: 'pass', earlyAccessSeconds: 10 });
  t.is(when(again, place('eve', 1, single)), 'pass-used');
  t.is(when(again, place('eve', 2, { units: 3 })), 'pass-used');
  t.is(when(again, place('eve', 1, { units: 3 })), 'order-placed');
});
