// What the relay feeds: everything that is made from the events of the journal. The relay delivers
// each shard's batches in rising sequence, at least once, and begins again behind each consumer's
// own position after a crash, a move or a fault.

import type { DropEvent } from '../domain/events.ts';
import type { DropView, OrderView } from '../domain/views.ts';

/** One durable event, with what it changed. */
export interface RelayFact {
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
export interface RelayBatch {
  readonly shard: number;
  /** The entry's sequence in the shard's journal. */
  readonly sequence: number;
  /** The time of the entry, in milliseconds since the Unix epoch. */
  readonly time: number;
  readonly facts: readonly RelayFact[];
}

export interface EventConsumer {
  readonly name: string;
  /**
   * The last journal sequence of the shard whose work is done and will never be needed again; 0 for
   * none. It may be behind what `consume` has taken. The journal is trimmed up to here and no
   * further. Errors: `store-unavailable`.
   */
  position(shard: number): Promise<number>;
  /**
   * Takes batches, each shard's in rising sequence. Idempotent: a batch that comes again has the
   * effect of once. When it rejects (`store-unavailable`), the same batches are to be given again.
   * It may wait for room, so no consumer should wait for another.
   */
  consume(batches: readonly RelayBatch[]): Promise<void>;
}
