// What a shard says once an entry of its journal is durable, and to whom. A shard knows nothing of
// who consumes the facts: that is `events/`, a floor above.

import type { DropEvent } from '../../domain/events.ts';
import type { DropView, OrderView } from '../../domain/views.ts';

/** One durable event, with what it changed. */
export interface Fact {
  /** The event's place in its journal entry, from 0. */
  readonly index: number;
  readonly event: DropEvent;
  /** The drop after the event, or later. */
  readonly drop: DropView;
  /**
   * The order the event is about, after the event or later; null where it is about the drop alone.
   */
  readonly order: OrderView | null;
}

/** The events of one journal entry. */
export interface FactBatch {
  readonly shard: number;
  /** The entry's sequence in the shard's journal. */
  readonly sequence: number;
  /** The time of the entry, in milliseconds since the Unix epoch. */
  readonly time: number;
  readonly facts: readonly Fact[];
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
