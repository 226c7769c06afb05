// A small handwritten sale without errors, and functions to add errors, for the tests of the
// checker.

import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { check } from './checker.ts';
import {
  EXACT,
  type FinalState,
  History,
  type Notice,
  type ShownDrop,
  type ShownOrder,
  type Where,
} from './history.ts';
import { type Truth, truthOf } from './truth.ts';

export const DROP = 'd1';
export const ANN = `${DROP}-0`;
export const BEN = `${DROP}-1`;

export const terms: DropTerms = {
  id: DROP,
  productId: 'p1',
  creatorId: 'cleo',
  startsAt: 0,
  endsAt: 1_000_000,
  unitAmount: 100,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 60,
  payment: 'provider',
};

/** One journal entry for each event, at the times 1000, 2000 and so on. */
const EVENTS: readonly DropEvent[] = [
  { type: 'drop-created', terms, stock: 4 },
  { type: 'drop-opened' },
  { type: 'order-placed', userId: 'ann', key: 'ka', quantity: 2 },
  { type: 'order-confirmed', ordinal: 0, reference: 'r' },
  { type: 'order-placed', userId: 'ben', key: 'kb', quantity: 1 },
  { type: 'order-cancelled', ordinal: 1 },
  { type: 'drop-restocked', units: 3 },
];

function truthFrom(events: readonly DropEvent[]): Truth {
  return truthOf(
    events.map((event, versionBefore) => ({
      shard: 0,
      sequence: versionBefore + 1,
      time: (versionBefore + 1) * 1000,
      changes: [{ dropId: DROP, versionBefore, events: [event] }],
    })),
  );
}

/** An exchange that lasted from 100 ms before the time to 100 ms after it. */
export function at(time: number, status: number, code = '', round = 1): Where {
  const [beganAt, endedAt] = [time - 100, time + 100];
  const record = { client: 'a client', round, what: 'does something', status, code };
  return { ...record, began: beganAt, ended: endedAt, beganAt, endedAt };
}

export function order(id: string, status: string, version: number, more: Partial<ShownOrder> = {}) {
  const ann = id === ANN;
  return {
    id,
    dropId: DROP,
    userId: ann ? 'ann' : 'ben',
    quantity: ann ? 2 : 1,
    status,
    createdAt: new Date(ann ? 3000 : 5000).toISOString(),
    version,
    ...more,
  };
}

export function drop(version: number, held: number, sold: number, more: Partial<ShownDrop> = {}) {
  const stocked = version < 7 ? 4 : 7;
  const free = stocked - held - sold;
  return { id: DROP, status: 'live', stocked, held, sold, free, version, ...more };
}

export function attempt(where: Where, userId: string, quantity: number, shown: ShownOrder | null) {
  const key = userId === 'ann' ? 'ka' : 'kb';
  const replayed = false;
  return { where, userId, dropId: DROP, key, quantity, order: shown, replayed, refusedAt: null };
}

export function notice(id: string, type: string, orderId: string): Notice {
  return { id, type, orderId, refundRequested: false };
}

export interface Case {
  events: DropEvent[];
  readonly history: History;
  readonly feeds: Map<string, Notice[]>;
  readonly orderLists: Map<string, ShownOrder[]>;
  readonly dropLists: Map<string, ShownDrop[]>;
  readonly followers: Map<string, { ids: string[]; count: number }>;
  readonly following: Map<string, string[]>;
  readonly accounts: Set<string>;
}

/** A sale without errors. */
export function goodCase(): Case {
  const history = new History();
  history.attempts.push(
    attempt(at(3000, 201), 'ann', 2, order(ANN, 'reserved', 3)),
    { ...attempt(at(3500, 201), 'ann', 2, order(ANN, 'reserved', 3)), replayed: true },
    attempt(at(3600, 422, 'idempotency-key-reused'), 'ann', 1, null),
    attempt(at(5000, 0), 'ben', 1, null),
  );
  history.orders.push(
    { where: at(4500, 200), order: order(ANN, 'confirmed', 4) },
    { where: at(6000, 200), order: order(BEN, 'cancelled', 6) },
  );
  history.drops.push({ where: at(4600, 200), source: 'read', drop: drop(4, 0, 2) });
  history.settlements.push({ where: at(4000, 200), orderId: ANN, succeeded: true });
  history.restocks.push({ where: at(7000, 200), dropId: DROP, units: 3 });
  const pair = { userId: 'ann', creatorId: 'cleo' };
  history.follows.push(
    { where: at(2000, 204), ...pair, following: true },
    { where: at(2500, 0), ...pair, following: false },
  );
  history.registrations.push({ where: at(1500, 201), email: 'ann@example.com', userId: 'ann' });
  const record = notice('5', 'order.confirmed', ANN);
  history.liveNotices.push({
    where: at(4100, 200),
    connection: 1,
    userId: 'ann',
    notice: record,
  });
  const frame = { where: at(5100, 200), connection: 1, topic: `drop:${DROP}` };
  history.liveDrops.push({ ...frame, type: 'drop.snapshot', drop: drop(3, 2, 0) });
  history.liveDrops.push({ ...frame, type: 'drop.stock', drop: drop(5, 1, 2) });
  return {
    events: [...EVENTS],
    history,
    feeds: new Map([
      ['ann', [record]],
      ['ben', [notice('2', 'order.cancelled', BEN)]],
    ]),
    orderLists: new Map([
      ['ann', [order(ANN, 'confirmed', 4)]],
      ['ben', [order(BEN, 'cancelled', 6)]],
    ]),
    dropLists: new Map([['cleo', [drop(7, 0, 2)]]]),
    followers: new Map([['cleo', { ids: ['ann'], count: 1 }]]),
    following: new Map([['ann', ['cleo']]]),
    accounts: new Set(['ann']),
  };
}

export function findings({ events, history, ...final }: Case, tolerance = EXACT): string[] {
  return check(history, truthFrom(events), final satisfies FinalState, tolerance);
}
