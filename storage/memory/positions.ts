// The position of a projection in memory in each shard's journal.

import type { ProjectionBatch } from '../ports/projection.ts';

export class MemoryPositions {
  readonly #sequences = new Map<number, number>();

  of(shard: number): number {
    return this.#sequences.get(shard) ?? 0;
  }

  /** The rows of all batches above their shard's position, in order. Advances the positions. */
  take<Row>(batches: readonly ProjectionBatch<Row>[]): Row[] {
    const rows: Row[] = [];
    for (const batch of batches) {
      if (batch.sequence <= this.of(batch.shard)) continue;
      this.#sequences.set(batch.shard, batch.sequence);
      rows.push(...batch.rows);
    }
    return rows;
  }
}
