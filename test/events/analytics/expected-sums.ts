// What the sums must be, from the facts of a replay: by how each order stood before and after each
// event, not by the kinds of events that the account knows.

import type { Fact, FactBatch } from '../../../actors/shard/facts.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import {
  ALL,
  type Step,
  STEP_MS,
  subjectOfCreator,
  subjectOfDrop,
} from '../../../storage/ports/analytics.ts';
import type { AnalyticsStore } from '../../../storage/ports/analytics.ts';

const FINE_MS = 120_000;

/** By subject, step and start, then by name; without what is 0. */
export type Expected = Map<string, Record<string, number>>;

interface Sale {
  readonly fact: Fact;
  readonly userId: string;
  readonly time: number;
}

export class ExpectedSums {
  readonly sums: Expected = new Map();
  readonly #orders = new Map<string, OrderView>();
  readonly #refunded = new Map<string, number>();
  readonly #openedAt = new Map<string, number>();
  readonly #sales: Sale[] = [];

  static of(batches: readonly FactBatch[]): Expected {
    const expected = new ExpectedSums();
    for (const { time, facts } of batches) for (const fact of facts) expected.#take(fact, time);
    expected.#takeBuyers();
    for (const [key, values] of expected.sums) {
      for (const [name, value] of Object.entries(values)) if (value === 0) delete values[name];
      if (Object.keys(values).length === 0) expected.sums.delete(key);
    }
    return sorted(expected.sums);
  }

  #take(fact: Fact, time: number): void {
    const { event, order: after, terms } = fact;
    if (event.type === 'drop-opened') this.#openedAt.set(terms.id, time);
    const add = (name: string, value = 1) => this.#add(fact, time, name, value);
    if (event.type === 'payment-declined') add('paymentsDeclined');
    if (event.type === 'payment-rejected' || event.type === 'refund-requested')
      add('paymentsRejected');
    if (after === null) return;
    const before = this.#orders.get(after.id);
    this.#orders.set(after.id, after);
    if (before === undefined) add('placed');
    const was = before?.status ?? 'reserved';
    const is = after.status;
    const { currency, quantity, totalAmount } = after;
    if (is === 'confirmed' && was !== 'confirmed') {
      this.#sales.push({ fact, userId: after.userId, time });
      add('orders');
      add('units', quantity);
      add(`revenue/${currency}`, totalAmount);
      if (terms.payment === 'provider') add('paymentsConfirmed');
      if (was !== 'reserved') add('paymentsLate');
    }
    if (was === 'reserved' && is === 'expired') add('holdsExpired');
    if (was === 'reserved' && is === 'cancelled') add('holdsReleased');
    if (was !== 'failed' && is === 'failed' && event.type !== 'refund-requested')
      add('paymentsFailed');
    if (was !== 'confirmed') return;
    const isOver = is === 'refunded' || is === 'failed';
    const parts = before?.refundedQuantity ?? 0;
    add('refundedUnits', (isOver ? quantity : (after.refundedQuantity ?? 0)) - parts);
    const soFar = this.#refunded.get(after.id) ?? 0;
    const amount = 'restock' in event ? event.amount : isOver ? totalAmount - soFar : 0;
    this.#refunded.set(after.id, soFar + amount);
    add(`refunded/${currency}`, amount);
    if (is === 'refunded') add('refundsWhole');
    else if ('restock' in event) add('refundsPart');
  }

  #takeBuyers(): void {
    const inOrder = this.#sales.toSorted(
      (a, b) => a.time - b.time || (a.fact.terms.id < b.fact.terms.id ? -1 : 1),
    );
    const ofDrop = new Set<string>();
    const ofCreator = new Set<string>();
    for (const { fact, userId, time } of inOrder) {
      const { id, creatorId } = fact.terms;
      const isReturning = ofCreator.has(`${creatorId} ${userId}`);
      if (!ofDrop.has(`${id} ${userId}`))
        this.#add(fact, time, isReturning ? 'buyersReturning' : 'buyersNew', 1);
      ofDrop.add(`${id} ${userId}`);
      ofCreator.add(`${creatorId} ${userId}`);
    }
  }

  #add({ terms }: Fact, time: number, name: string, value: number): void {
    const subject = subjectOfDrop(terms.id);
    for (const one of [subject, subjectOfCreator(terms.creatorId), ALL]) {
      this.#addTo(one, 'minute', time - (time % STEP_MS.minute), name, value);
      this.#addTo(one, 'hour', time - (time % STEP_MS.hour), name, value);
      this.#addTo(one, 'all', 0, name, value);
    }
    const openedAt = this.#openedAt.get(terms.id);
    if (openedAt !== undefined && time >= openedAt && time < openedAt + FINE_MS)
      this.#addTo(subject, 'second', time - (time % STEP_MS.second), name, value);
  }

  #addTo(subject: string, step: Step, start: number, name: string, value: number): void {
    const key = `${subject} ${step} ${start}`;
    const values = this.sums.get(key) ?? {};
    this.sums.set(key, values);
    values[name] = (values[name] ?? 0) + value;
  }
}

/** All that a store has of these subjects within a day from `from`. */
export async function storedSums(
  store: Pick<AnalyticsStore, 'sums'>,
  subjects: readonly string[],
  from: number,
): Promise<Expected> {
  const stored: Expected = new Map();
  for (const subject of subjects) {
    for (const step of ['second', 'minute', 'hour', 'all'] as const) {
      const begin = step === 'all' ? 0 : from - (from % STEP_MS.hour);
      const end = begin + (step === 'second' ? STEP_MS.hour : 24 * STEP_MS.hour);
      for (const { start, values } of await store.sums(subject, step, begin, end))
        stored.set(`${subject} ${step} ${start}`, { ...values });
    }
  }
  return sorted(stored);
}

function sorted(sums: Expected): Expected {
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
