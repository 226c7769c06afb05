// A consumer makes something of the events of the journal. The relay delivers each shard's batches
// in rising sequence, at least once, and begins again behind each consumer's own position after a
// crash, a move or a fault.

import type { FactBatch } from '../actors/shard/facts.ts';

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
  consume(batches: readonly FactBatch[]): Promise<void>;
}
