import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { answerTo, decide, decideDueOrders, decideStatus } from '../../domain/decide.ts';
import type { Caller, DropCommand } from '../../contracts/commands.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { orderId } from '../../domain/ids.ts';

const NOW = 1_000_000;
const CREATOR = { userId: 'creator', operator: false };
const BUYER = { userId: 'ann', operator: false };

function given(terms: Partial<DropTerms>, stock: number, ...events: DropEvent[]): DropState {
  const all: DropTerms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 60_000,
    unitAmount: 500,
    currency: 'EUR',
    limitPerUser: 2,
    holdSeconds: 10,
    payment: 'instant',
    ...terms,
  };
  const state = createDrop({ type: 'drop-created', terms: all, stock }, NOW);
  for (const event of events) applyEvent(state, event, NOW);
  return state;
}

function placed(userId: string, key = 'k', quantity = 1): DropEvent {
  return { type: 'order-placed', userId, key, quantity };
}

function place(userId: string, key = 'k', quantity = 1): DropCommand {
  return { type: 'place-order', dropId: 'd_1', userId, key, quantity };
}

function settle(ordinal: number, succeeded: boolean): DropCommand {
  return {
    type: 'settle-payment',
    dropId: 'd_1',
    orderId: orderId('d_1', ordinal),
    succeeded,
    reference: 'r',
  };
}

/** What comes of a command: the types of its events, or the refusal's code. */
function outcome(state: DropState, command: DropCommand, now = NOW): string {
  const decision = decide(state, command, now);
  return decision.ok ? decision.events.map((event) => event.type).join(' ') : decision.code;
}

const OPENED: DropEvent = { type: 'drop-opened' };

test('O7: an instant order is confirmed at once, a provider order is reserved first', (t) => {
  for (const [payment, status] of [
    ['instant', 'confirmed'],
    ['provider', 'reserved'],
  ] as const) {
    const state = given({ payment }, 5, OPENED);
    const decision = decide(state, place('ann', 'k', 2), NOW);
    if (!decision.ok) return t.fail(decision.code);
    for (const event of decision.events) applyEvent(state, event, NOW);
    const { order } = answerTo(state, place('ann'), decision) as PlacedOrder;
    t.like(order, {
      id: 'd_1-0',
      userId: 'ann',
      quantity: 2,
      totalAmount: 1000,
      status,
      version: 3,
    });
    t.is(order.holdExpiresAt, payment === 'provider' ? NOW + 10_000 : null);
    t.is(order.paymentReference, payment === 'provider' ? 'pay_d_1-0' : null);
  }
});

test('D2: orders are taken only while the drop is live', (t) => {
  t.is(outcome(given({}, 5), place('ann')), 'drop-not-live');
  t.like(decide(given({}, 5), place('ann'), NOW), { startsAt: given({}, 5).startsAt });
  t.is(outcome(given({}, 5, OPENED, { type: 'drop-closed' }), place('ann')), 'drop-ended');
  t.is(outcome(given({}, 5, OPENED, { type: 'drop-cancelled' }), place('ann')), 'drop-ended');
});

test('S5: too little stock for the quantity is not "sold out"', (t) => {
  const state = given({}, 2, OPENED, placed('bob'));
  t.is(outcome(state, place('ann', 'k', 2)), 'insufficient-stock');
  t.is(outcome(state, place('ann', 'k', 1)), 'order-placed');
});

test("O6: the limit counts all of a user's orders, and released units no longer", (t) => {
  const state = given({ payment: 'provider' }, 9, OPENED, placed('ann', 'a', 2));
  t.is(outcome(state, place('ann', 'b')), 'limit-per-user');
  applyEvent(state, { type: 'order-expired', ordinal: 0 }, NOW);
  t.is(outcome(state, place('ann', 'b')), 'order-placed');
});

test('O6a: a refusal names the own order that stands in the way, and no other one', (t) => {
  const state = given({ payment: 'provider' }, 3, OPENED, placed('ann', 'a', 2), placed('bob'));
  const refused = (userId: string, quantity = 1) =>
    decide(state, place(userId, 'new', quantity), NOW) as Partial<Refusal>;
  t.like(refused('ann'), { code: 'sold-out', orderId: 'd_1-0' });
  t.like(refused('bob'), { code: 'sold-out', orderId: 'd_1-1' });
  t.false('orderId' in refused('eve'));
  applyEvent(state, { type: 'drop-restocked', units: 1 }, NOW);
  t.like(refused('ann'), { code: 'limit-per-user', orderId: 'd_1-0' });
  t.false('orderId' in refused('eve', 3), 'over the limit by itself');
  applyEvent(state, { type: 'order-cancelled', ordinal: 0 }, NOW);
  applyEvent(state, placed('ann', 'b'), NOW);
  applyEvent(state, { type: 'drop-restocked', units: -1 }, NOW);
  t.like(refused('bob', 2), { code: 'limit-per-user', orderId: 'd_1-1' });
  applyEvent(state, { type: 'order-cancelled', ordinal: 2 }, NOW);
  t.false('orderId' in refused('ann', 3), 'all orders are cancelled');
  t.is(refused('ann', 3).code, 'limit-per-user');
  const large = given({ limitPerUser: 9 }, 3, OPENED, placed('ann'));
  t.like(decide(large, place('ann', 'new', 3), NOW), {
    code: 'insufficient-stock',
    orderId: 'd_1-0',
  });
});

test('O6a: an earlier order is named where the last one has no units, far back none', (t) => {
  const state = given({ limitPerUser: 1, payment: 'provider' }, 5_000, OPENED, placed('ann', 'a'));
  const named = () => (decide(state, place('ann', 'new'), NOW) as Partial<Refusal>).orderId;
  const others = (count: number) => {
    for (let i = 0; i < count; i++) applyEvent(state, placed(`u${state.orders.size}`), NOW);
  };
  others(1_000);
  applyEvent(state, placed('ann', 'b'), NOW);
  t.is(named(), orderId('d_1', 1_001));
  applyEvent(state, { type: 'order-cancelled', ordinal: 1_001 }, NOW);
  t.is(named(), 'd_1-0');
  others(100);
  applyEvent(state, placed('ann', 'c'), NOW);
  applyEvent(state, { type: 'order-cancelled', ordinal: 1_102 }, NOW);
  t.is(named(), undefined);
});

test('O12: buyers cancel a reserved order; creator and operator refund a confirmed one', (t) => {
  const cancel: DropCommand = {
    type: 'cancel-order',
    dropId: 'd_1',
    orderId: 'd_1-0',
    caller: BUYER,
  };
  const refund = (caller: typeof BUYER): DropCommand => ({
    type: 'refund-order',
    dropId: 'd_1',
    orderId: 'd_1-0',
    caller,
  });
  const reserved = given({ payment: 'provider' }, 5, OPENED, placed('ann'));
  t.is(outcome(reserved, cancel), 'order-cancelled');
  t.is(outcome(reserved, cancel, NOW + 10_000), 'hold-expired');
  t.is(outcome(reserved, { ...cancel, caller: CREATOR }), 'not-found');
  t.is(outcome(reserved, refund(CREATOR)), 'order-not-refundable');
  const confirmed = given({}, 5, OPENED, placed('ann'));
  t.is(outcome(confirmed, cancel), 'order-not-cancellable');
  t.is(outcome(confirmed, refund(CREATOR)), 'order-refunded');
  t.is(outcome(confirmed, refund({ userId: 'boss', operator: true })), 'order-refunded');
  t.is(outcome(confirmed, refund(BUYER)), 'forbidden');
  t.is(outcome(confirmed, refund({ userId: 'eve', operator: false })), 'not-found');
});

test('H1a: what all units cost together is exact, at the creation and after each restock', (t) => {
  const unitAmount = 100_000_000_000;
  const unitsMax = Math.floor(Number.MAX_SAFE_INTEGER / unitAmount);
  const create = (stock: number) =>
    decide(
      null,
      { type: 'create-drop', dropId: 'd_1', terms: { ...given({}, 1).view(), unitAmount }, stock },
      NOW,
    );
  t.true(create(unitsMax).ok);
  t.like(create(unitsMax + 1), { ok: false, code: 'invalid-request' });
  const state = given({ unitAmount }, unitsMax - 5, OPENED);
  const restock = (addStock: number): DropCommand => ({
    type: 'amend-drop',
    dropId: 'd_1',
    caller: CREATOR,
    addStock,
  });
  t.is(outcome(state, restock(5)), 'drop-restocked');
  t.is(outcome(state, restock(6)), 'invalid-request');
  t.is(outcome(given({ unitAmount }, unitsMax + 9, OPENED), restock(-1)), 'drop-restocked');
});

test("O9: somebody else's order is not found", (t) => {
  const state = given({}, 5, OPENED, placed('ann'));
  const get = (userId: string, id = 'd_1-0'): DropCommand => ({
    type: 'get-order',
    dropId: 'd_1',
    orderId: id,
    userId,
  });
  t.is(outcome(state, get('ann')), '');
  t.is(outcome(state, get('bob')), 'not-found');
  t.is(outcome(state, get('ann', 'd_1-1')), 'not-found');
  t.is(outcome(state, get('ann', 'd_1-00')), 'not-found');
});

test('P3: success confirms; below feature level 2 failure fails and frees the units', (t) => {
  const state = given({ payment: 'provider' }, 1, OPENED, placed('ann'));
  t.is(outcome(state, settle(0, true)), 'order-confirmed');
  t.is(outcome(state, settle(0, false)), 'order-failed');
  applyEvent(state, { type: 'order-failed', ordinal: 0, reference: 'r' }, NOW);
  t.is(state.free, 1);
  t.is(state.orderView(0).paymentReference, 'r');
});

test('P4: an order shows the payment that paid it, and not the one that failed before', (t) => {
  const state = given({ payment: 'provider' }, 1, OPENED, placed('ann'), {
    type: 'order-failed',
    ordinal: 0,
    reference: 'ch_failed',
  });
  t.is(state.orderView(0).paymentReference, 'ch_failed');
  const reference = `pay_${orderId('d_1', 0)}`;
  applyEvent(state, { type: 'order-confirmed-late', ordinal: 0, reference }, NOW);
  t.like(state.orderView(0), { status: 'confirmed', paymentReference: reference });
});

test('P4: a late success takes free units again, or else requests the refund', (t) => {
  const expired: DropEvent = { type: 'order-expired', ordinal: 0 };
  t.is(
    outcome(given({ payment: 'provider' }, 1, OPENED, placed('ann'), expired), settle(0, true)),
    'order-confirmed-late',
  );
  const soldOut = given({ payment: 'provider' }, 1, OPENED, placed('ann'), expired, placed('bob'));
  t.is(outcome(soldOut, settle(0, true)), 'refund-requested');
  applyEvent(soldOut, { type: 'refund-requested', ordinal: 0, reference: 'r' }, NOW);
  t.like(soldOut.orderView(0), { status: 'failed', refundRequested: true });
  t.is(outcome(soldOut, settle(0, true)), '');
  const cancelled = given({ payment: 'provider' }, 1, OPENED, placed('ann'), {
    type: 'order-cancelled',
    ordinal: 0,
  });
  t.is(outcome(cancelled, settle(0, true)), 'refund-requested');
  const overLimit = given(
    { payment: 'provider', limitPerUser: 1 },
    3,
    OPENED,
    placed('ann'),
    expired,
    placed('ann', 'k2'),
  );
  t.is(outcome(overLimit, settle(0, true)), 'refund-requested');
  const dropCancelled = given({ payment: 'provider' }, 3, OPENED, placed('ann'), {
    type: 'drop-cancelled',
  });
  t.is(outcome(dropCancelled, settle(0, true)), 'order-cancelled refund-requested');
});

test('D3: before the start times and limits change; later only stock and an earlier end', (t) => {
  const amend = (change: object): DropCommand => ({
    type: 'amend-drop',
    dropId: 'd_1',
    caller: CREATOR,
    ...change,
  });
  const upcoming = given({ startsAt: NOW + 1000 }, 5);
  t.is(
    outcome(upcoming, amend({ startsAt: NOW + 2000, endsAt: NOW + 90_000, limitPerUser: 9 })),
    'drop-amended',
  );
  t.is(outcome(upcoming, amend({ endsAt: NOW })), 'invalid-request');
  t.is(outcome(upcoming, amend({ startsAt: NOW + 60_000 })), 'invalid-request');
  const live = given({}, 5, OPENED, placed('ann', 'k', 2));
  t.is(outcome(live, amend({ limitPerUser: 9 })), 'drop-already-started');
  t.is(outcome(live, amend({ endsAt: NOW + 60_001 })), 'drop-already-started');
  t.is(outcome(live, amend({ endsAt: NOW + 30_000 })), 'drop-amended');
  t.is(outcome(live, amend({ addStock: 10 })), 'drop-restocked');
  t.is(outcome(live, amend({ addStock: -3 })), 'drop-restocked');
  t.is(outcome(live, amend({ addStock: -4 })), 'insufficient-stock');
  t.is(outcome(live, { ...amend({ addStock: 1 }), caller: BUYER } as DropCommand), 'forbidden');
  t.is(
    outcome(given({}, 5, OPENED, { type: 'drop-closed' }), amend({ addStock: 1 })),
    'drop-ended',
  );
});

test('D3a: before the start price and stock change, too', (t) => {
  const amend = (change: object): DropCommand => ({
    type: 'amend-drop',
    dropId: 'd_1',
    caller: CREATOR,
    ...change,
  });
  const state = given({ startsAt: NOW + 1000 }, 5);
  const decision = decide(state, amend({ unitAmount: 700, stock: 3 }), NOW);
  if (!decision.ok) return t.fail(decision.code);
  t.deepEqual(decision.events, [
    { type: 'drop-repriced', unitAmount: 700 },
    { type: 'drop-restocked', units: -2 },
  ]);
  for (const event of decision.events) applyEvent(state, event, NOW);
  t.like(state.view(), { unitAmount: 700, stocked: 3 });
  t.is(outcome(state, amend({ unitAmount: 700, stock: 3 })), '', 'the same again changes nothing');
  t.is(outcome(state, amend({ unitAmount: 0 })), 'drop-repriced');
  t.is(outcome(state, amend({ unitAmount: Number.MAX_SAFE_INTEGER })), 'invalid-request');
  applyEvent(state, OPENED, NOW + 1000);
  t.is(outcome(state, amend({ unitAmount: 701 })), 'drop-already-started');
  t.is(outcome(state, amend({ stock: 9 })), 'drop-already-started');
  t.is(outcome(state, amend({ addStock: 9 })), 'drop-restocked');
});

test('D3a: a drop that has ended is cancelled: what is confirmed is refunded, holds go', (t) => {
  const state = given({ payment: 'provider' }, 5, OPENED, placed('ann'), placed('bob'));
  applyEvent(state, { type: 'order-confirmed', ordinal: 0, reference: 'A' }, NOW);
  applyEvent(state, { type: 'drop-closed' }, NOW);
  const cancel: DropCommand = { type: 'cancel-drop', dropId: 'd_1', caller: CREATOR };
  t.is(outcome(state, cancel), 'drop-ended', 'below feature level 2');
  t.is(outcome(state, { ...cancel, alsoEnded: true }), 'drop-cancelled');
  applyEvent(state, { type: 'drop-cancelled' }, NOW);
  t.false(state.isOver);
  const due = decideDueOrders(state, NOW, 10);
  t.deepEqual(due, [
    { type: 'order-refunded', ordinal: 0 },
    { type: 'order-cancelled', ordinal: 1 },
  ]);
  for (const event of due) applyEvent(state, event, NOW);
  t.true(state.isOver);
  t.like(state.view(), { status: 'cancelled', held: 0, sold: 0, free: 5 });
  t.is(outcome(state, { ...cancel, alsoEnded: true }), '');
});

test('H12: a change of a drop with a condition needs one of its revisions', (t) => {
  const opens = { startsAt: NOW + 1000 };
  const addStock: DropEvent = { type: 'drop-restocked', units: 2 };
  const repriced: DropEvent = { type: 'drop-repriced', unitAmount: 3 };
  const amended: DropEvent = {
    type: 'drop-amended',
    ...opens,
    endsAt: NOW + 9000,
    limitPerUser: 1,
  };
  const state = given(opens, 5);
  t.is(state.view().revision, 1);
  for (const event of [addStock, repriced, amended]) applyEvent(state, event, NOW);
  t.is(state.view().revision, 4);
  const change = (caller: Caller, ...ifMatch: number[]) => [
    outcome(state, { type: 'amend-drop', dropId: 'd_1', caller, addStock: 1, ifMatch }),
    outcome(state, { type: 'cancel-drop', dropId: 'd_1', caller, ifMatch }),
  ];
  t.deepEqual(change(CREATOR, 4), ['drop-restocked', 'drop-cancelled']);
  t.deepEqual(change(CREATOR, 9, 4), ['drop-restocked', 'drop-cancelled']);
  t.deepEqual(change(CREATOR, 3, 5), ['precondition-failed', 'precondition-failed']);
  t.deepEqual(change(CREATOR), ['precondition-failed', 'precondition-failed']);
  t.deepEqual(change(BUYER, 3), ['forbidden', 'forbidden']);
  applyEvent(state, { type: 'drop-cancelled' }, NOW);
  t.is(state.view().revision, 5);
});

test('O14: the buyer adds details once, to an order that is not over unpaid', (t) => {
  const add = (ordinal: number, caller: Caller = BUYER): DropCommand => ({
    type: 'add-order-details',
    dropId: 'd_1',
    orderId: orderId('d_1', ordinal),
    caller,
  });
  const added = (ordinal: number): DropEvent => ({ type: 'order-details-added', ordinal });
  const state = given({ payment: 'provider' }, 5, OPENED, placed('ann'), placed('ann', 'k2'));
  t.is(outcome(state, add(0)), 'order-details-added');
  t.is(outcome(state, add(0), NOW + 10_000), 'order-over', 'the hold has ended');
  for (const other of [CREATOR, { userId: 'boss', operator: true }])
    t.is(outcome(state, add(0, other)), 'not-found');
  applyEvent(state, added(0), NOW);
  t.like(state.orderView(0), { hasDetails: true, status: 'reserved', version: state.version });
  t.false('hasDetails' in state.orderView(1));
  t.is(outcome(state, add(0)), '', 'nothing more is to be said');
  t.true(state.orders.isReserved(0) && state.orders.hasUnits(0));
  applyEvent(state, { type: 'order-confirmed', ordinal: 0, reference: 'r' }, NOW);
  t.like(state.orderView(0), { hasDetails: true, status: 'confirmed' });
  applyEvent(state, { type: 'order-refunded', ordinal: 0 }, NOW);
  t.like(state.orderView(0), { hasDetails: true, status: 'refunded', refundRequested: true });
  applyEvent(state, { type: 'order-expired', ordinal: 1 }, NOW);
  t.is(outcome(state, add(1)), 'order-over');
});

test('D6: metadata and the external id change at any time before the end, and only then', (t) => {
  const state = given({ metadata: { a: '1', b: '2' }, externalId: 'e-1' }, 5, OPENED);
  t.like(state.view(), { metadata: { a: '1', b: '2' }, externalId: 'e-1', status: 'live' });
  const amend = (change: object): DropCommand => ({
    type: 'amend-drop',
    dropId: 'd_1',
    caller: CREATOR,
    ...change,
  });
  t.is(outcome(state, amend({ metadata: { b: '2', a: '1' } })), '', 'nothing changes');
  t.is(outcome(state, amend({ externalId: 'e-1' })), '');
  const change = decide(state, amend({ metadata: {}, externalId: 'e-2' }), NOW);
  const expected = { type: 'drop-described', metadata: null, externalId: 'e-2' } as const;
  t.deepEqual(change.ok && change.events, [expected]);
  applyEvent(state, expected, NOW);
  t.is(state.view().metadata, undefined);
  t.like(state.view(), { externalId: 'e-2', revision: 2 });
  applyEvent(state, { type: 'drop-closed' }, NOW);
  t.is(outcome(state, amend({ externalId: null })), 'drop-ended');
});

test('H12: orders, openings and closings do not raise the revision', (t) => {
  const state = given({}, 5, OPENED, placed('ann'), { type: 'order-refunded', ordinal: 0 });
  applyEvent(state, { type: 'drop-closed' }, NOW);
  t.is(state.view().revision, 1);
});

test('D1: a drop must end after it starts, and in the future', (t) => {
  const state = given({}, 1);
  const create = (terms: Partial<DropTerms>) =>
    decide(
      null,
      { type: 'create-drop', dropId: 'd_1', terms: { ...state.view(), ...terms }, stock: 1 },
      NOW,
    );
  t.like(create({ startsAt: NOW + 60_000 }), { code: 'invalid-request' });
  t.like(create({ startsAt: NOW - 10, endsAt: NOW }), { code: 'invalid-request' });
  t.is(create({ startsAt: NOW - 10 }).ok, true);
});

test('what is due comes in bounded portions', (t) => {
  const state = given(
    { payment: 'provider' },
    10,
    OPENED,
    ...Array.from({ length: 10 }, (_, i) => placed(`u${i}`)),
  );
  t.is(decideDueOrders(state, NOW + 10_000, 4).length, 4);
  t.is(decideDueOrders(state, NOW + 9_999, 4).length, 0);
});

test('D2a: at its end a drop sells nothing more, though its closing is not decided yet', (t) => {
  const state = given({}, 10, OPENED, placed('ann'));
  t.is(outcome(state, place('bob'), NOW + 59_999), 'order-placed');
  t.is(outcome(state, place('bob'), NOW + 60_000), 'drop-ended');
  t.is(outcome(state, place('ann'), NOW + 60_000), '', 'a replay is answered (O3)');
  t.deepEqual(decideStatus(state, NOW + 60_000), [{ type: 'drop-closed' }]);
});

test('D2: a drop whose start and end have both passed opens and closes at once', (t) => {
  const state = given({ startsAt: NOW + 1, endsAt: NOW + 2 }, 10);
  t.deepEqual(decideStatus(state, NOW), []);
  t.deepEqual(decideStatus(state, NOW + 2), [{ type: 'drop-opened' }, { type: 'drop-closed' }]);
});

test('D3: the rest of a cancellation lets an ended hold expire and cancels the others', (t) => {
  const state = given({ payment: 'provider' }, 10, OPENED, placed('ann'));
  applyEvent(state, placed('bob'), NOW + 5000);
  applyEvent(state, { type: 'drop-cancelled' }, NOW + 5000);
  t.deepEqual(decideDueOrders(state, NOW + 10_000, 10), [
    { type: 'order-expired', ordinal: 0 },
    { type: 'order-cancelled', ordinal: 1 },
  ]);
});

test('apply refuses what cannot have happened, rather than oversell (S1)', (t) => {
  const state = given({}, 1, OPENED, placed('ann'));
  t.throws(() => applyEvent(state, placed('bob'), NOW), { code: 'invariant' });
  t.throws(() => applyEvent(given({}, 1, OPENED), { type: 'drop-opened' }, NOW), {
    code: 'invariant',
  });
});
