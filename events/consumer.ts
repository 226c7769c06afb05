// A consumer makes something of the events of the journal: lists, an index, calls to somebody
// outside. It gets each shard's batches in rising sequence, at least once, and again from behind its
// own position after a crash, a move or a fault. What it rejects is given again with growing delays.

import type { FactBatch } from '../actors/shard/facts.ts';

/**
 * Where a consumer runs. `beside-shard`: on the event loop of the shard's owner, with facts from its
 * memory, for what buyers see at once; whatever it does there, orders wait for. `off-loop`: in a
 * thread that follows the journals by itself, for all else; it may sleep, and burn a CPU.
 */
export type Placement = 'beside-shard' | 'off-loop';

export interface EventConsumer {
  readonly name: string;
  readonly placement: Placement;
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
  consume(batches: readonly FactBatch[]): Promise<void>;
}
