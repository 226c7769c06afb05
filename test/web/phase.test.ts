// What the drop's page shows, as a pure function.

import test from 'ava';
import type { DropEvent } from '../../contracts/drop-events.ts';
import { milestoneOf } from '../../domain/milestones.ts';
import {
  type DropState,
  mayBuy,
  type Phase,
  phaseOf,
  type Press,
} from '../../web/shared/drop/phase.ts';
import type { Drop, Order } from '../../web/shared/types.ts';

const NONE: Press = { is: 'none' };

function drop(change: Partial<Drop> = {}): DropState & Pick<Drop, 'earlyAccessSeconds'> {
  return {
    status: 'live',
    soldOut: false,
    free: 50,
    stocked: 100,
    startsAt: '2026-11-30T18:00:00Z',
    endsAt: '2026-11-30T20:00:00Z',
    ...change,
  };
}

const order = (status: Order['status']): Order => ({
  id: 'd-1',
  dropId: 'd',
  userId: 'u',
  quantity: 1,
  status,
  totalAmount: 100,
  currency: 'EUR',
  createdAt: '2026-11-30T18:00:01Z',
  version: 1,
});

test('U1: without an order the drop alone decides', (t) => {
  const phases: readonly (readonly [Partial<DropState>, Phase])[] = [
    [{ status: 'upcoming' }, 'upcoming'],
    [{}, 'live'],
    [{ free: 11 }, 'live'],
    [{ free: 10 }, 'low'],
    [{ free: 1, stocked: 3 }, 'live'],
    [{ free: 0 }, 'sold-out'],
    [{ free: 3, soldOut: true }, 'sold-out'],
    [{ paused: true }, 'paused'],
    [{ paused: true, free: 0 }, 'paused'],
    [{ status: 'ended', free: 0 }, 'ended'],
    [{ status: 'cancelled' }, 'cancelled'],
  ];
  for (const [change, phase] of phases) t.is(phaseOf(drop(change), null, NONE), phase);
});

test('U1: the page says "yours" of a confirmed order only, and never while an answer is awaited', (t) => {
  const statuses = [
    'reserved',
    'confirmed',
    'failed',
    'cancelled',
    'expired',
    'refunded',
  ] as const satisfies readonly Order['status'][];
  const presses: readonly Press[] = [
    NONE,
    { is: 'asking' },
    { is: 'unsure' },
    { is: 'refused', code: 'limit-per-user', said: '' },
  ];
  for (const status of [null, ...statuses])
    for (const press of presses) {
      const phase = phaseOf(drop(), status === null ? null : order(status), press);
      const isSettled = press.is === 'none' || press.is === 'refused';
      t.is(phase === 'yours', status === 'confirmed' && isSettled, `${status} ${press.is}`);
    }
});

test('U1, N2: a drop is low from the unit on at which the server tells of low stock', (t) => {
  const live = { status: 'live', pause: null, endsAt: 0 } as const;
  const placed = { type: 'order-placed' } as DropEvent;
  for (const stocked of [1, 3, 9, 10, 19, 20, 55, 100])
    for (let free = 1; free < stocked; free++) {
      const before = phaseOf(drop({ free: free + 1, stocked }), null, NONE);
      const turns = before === 'live' && phaseOf(drop({ free, stocked }), null, NONE) === 'low';
      const told = milestoneOf(placed, free + 1, 0, { ...live, free, stocked });
      t.is(turns, told === 'low_stock', `${free} of ${stocked}`);
    }
});

test('U1: an order stands before the state of the drop: yours also when it is sold out or over', (t) => {
  t.is(phaseOf(drop({ free: 0 }), order('confirmed'), NONE), 'yours');
  t.is(phaseOf(drop({ status: 'ended' }), order('reserved'), NONE), 'held');
  t.is(phaseOf(drop(), order('expired'), NONE), 'live');
});

test('U1: a press is possible while there are units, and again while no answer came', (t) => {
  const all: readonly Phase[] = [
    'upcoming',
    'live',
    'low',
    'sold-out',
    'paused',
    'ended',
    'cancelled',
    'asking',
    'unsure',
    'held',
    'yours',
  ];
  t.deepEqual(
    all.filter((phase) => mayBuy(phase, drop())),
    ['live', 'low', 'unsure'],
  );
  t.true(mayBuy('upcoming', drop({ earlyAccessSeconds: 60 })), 'with a pass');
});
