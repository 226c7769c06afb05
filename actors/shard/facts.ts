// What a shard says once an entry of its journal is durable, and to whom. A shard knows nothing of
// who consumes the facts: that is `events/`, a floor above.

import type { DropState } from '../../domain/drop-state.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { BatchTrace } from '../tracing/batch-trace.ts';

/** What no event of an order changes, but a refund of units that leave the drop. */
export type StandingTerms = Omit<DropView, 'held' | 'sold' | 'free' | 'soldOut' | 'version'>;

/**
 * One durable event, with its drop and its order exactly as they stood after it, whatever became of
 * them in the same entry. A structured clone of a fact has everything that `reviveFact` needs.
 */
export interface Fact {
  /** The event's place in its journal entry, from 0. */
  readonly index: number;
  readonly event: DropEvent;
  /** The order the event is about, after the event; null where it is about the drop alone. */
  readonly order: OrderView | null;
  /** The drop's terms and status after the event. Where they are enough, cheaper than `drop`. */
  readonly terms: StandingTerms;
  /** Of the drop, after the event. */
  readonly held: number;
  readonly sold: number;
  readonly version: number;
  /** The drop after the event. Made anew at each read. */
  readonly drop: DropView;
}

/** The events of one journal entry. */
export interface FactBatch {
  readonly shard: number;
  /** The entry's sequence in the shard's journal. */
  readonly sequence: number;
  /** The time of the entry, in milliseconds since the Unix epoch. */
  readonly time: number;
  readonly facts: readonly Fact[];
  /** What the owner did with the entry's commands; only in its memory, and where it traces. */
  readonly trace?: BatchTrace;
}

/** Receives the facts of the shards of one node. No method throws or waits. */
export interface FactSink {
  /** A shard serves (again), with its journal up to `sequence`. */
  recovered(shard: number, sequence: number): void;
  /** The shard is not served here any more. */
  released(shard: number): void;
  /** One entry became durable: called in the order of each shard's sequence. */
  durable(batch: FactBatch): void;
  /**
   * Events of the shard that are durable and that the slowest consumer has not taken; entries where
   * they are not in memory.
   */
  lagOf(shard: number): number;
}

/** For a node whose events nobody consumes. */
export const NO_FACT_SINK: FactSink = {
  recovered: () => undefined,
  released: () => undefined,
  durable: () => undefined,
  lagOf: () => 0,
};

/**
 * A view of a drop has 18 fields, and orders arrive by the ten thousand a second, so an event of an
 * order records only the numbers that it can change, beside terms that all events share up to the
 * next one about the drop alone.
 */
export class DurableFact implements Fact {
  /** Known when the entry is complete. */
  index = 0;
  readonly event: DropEvent;
  readonly order: OrderView | null;
  readonly terms: StandingTerms;
  readonly held: number;
  readonly sold: number;
  readonly version: number;

  /** Of an event that was just applied to `state`, whose terms are `terms`. */
  constructor(event: DropEvent, order: OrderView | null, terms: StandingTerms, stock: Stock) {
    this.event = event;
    this.order = order;
    this.terms = terms;
    this.held = stock.held;
    this.sold = stock.sold;
    this.version = stock.version;
  }

  get drop(): DropView {
    const { terms, held, sold, version } = this;
    const free = terms.stocked - held - sold;
    return { ...terms, held, sold, free, soldOut: free === 0, version };
  }
}

/** A `DropState` or a `DropView`. */
interface Stock {
  readonly held: number;
  readonly sold: number;
  readonly version: number;
}

/**
 * The fact of an event that was just applied to `state`. `terms` are those before the event; null
 * where they are not at hand.
 */
export function factAfter(
  state: DropState,
  event: DropEvent,
  terms: StandingTerms | null,
): DurableFact {
  const order = orderAfter(state, event);
  const changesTerms = order === null || ('restock' in event && !event.restock);
  const now = changesTerms || terms === null ? state.view() : terms;
  return new DurableFact(event, order, now, state);
}

/**
 * The order of an event that was just applied to `state`; null where it is about the drop alone.
 */
function orderAfter(state: DropState, event: DropEvent): OrderView | null {
  if (event.type === 'order-placed') return state.orderView(state.orders.size - 1, event.userId);
  return 'ordinal' in event ? state.orderView(event.ordinal) : null;
}

/** A fact whose plain fields came from another thread or process. */
export function reviveFact(fields: Omit<Fact, 'drop'>): Fact {
  const fact = new DurableFact(fields.event, fields.order, fields.terms, fields);
  fact.index = fields.index;
  return fact;
}
