// A consumer derives something from the events of the journal: lists, an index, calls to an outside
// system. It gets each shard's batches in rising sequence, at least once. After a crash, a move or
// a fault it gets batches after its own position again. Batches that it rejects are given again
// with growing delays.

import type { FactBatch } from '../actors/shard/facts.ts';
import type { ShardPosition } from '../storage/ports/consumer-positions.ts';

/**
 * Where a consumer runs. `beside-shard`: on the event loop of the shard's owner, with facts from
 * its memory, for what buyers see at once; orders wait for its work. `off-loop`: in a thread that
 * reads the journals, for everything else; it may sleep or burn a CPU.
 */
export type Placement = 'beside-shard' | 'off-loop';

export interface EventConsumer {
  readonly name: string;
  readonly placement: Placement;
  /**
   * The last journal sequence of the shard whose work is done and is never needed again; 0 for
   * none. It may be behind the last consumed batch. The journal is trimmed up to it and no further.
   * Errors: `store-unavailable`.
   */
  position(shard: number): Promise<number>;
  /**
   * Consumes batches, each shard's in rising sequence. Idempotent: a repeated batch changes nothing
   * more. When it rejects (`store-unavailable`), the same batches must be given again. It may wait
   * for room, so consumers must not wait for each other.
   */
  consume(batches: readonly FactBatch[]): Promise<void>;
  /**
   * Off the loop: whether nobody needs the entries up to these ends of journals. If so, the
   * positions are there now, and the entries are not read, which costs as much as a sale of them.
   * The ends were read before the question. Errors: `store-unavailable`.
   */
  passesOver?(ends: readonly ShardPosition[]): Promise<boolean>;
  /** Lets go of connections of its own, at the end of its thread. */
  close?(): Promise<void>;
}
