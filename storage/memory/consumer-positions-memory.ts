// Consumer positions in memory, for tests.

import type { ConsumerPositions, ShardPosition } from '../ports/consumer-positions.ts';

export class MemoryConsumerPositions implements ConsumerPositions {
  readonly #consumers = new Map<string, Map<number, number>>();

  async load(consumer: string, shard: number): Promise<number> {
    return this.#consumers.get(consumer)?.get(shard) ?? 0;
  }

  async save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    let byShard = this.#consumers.get(consumer);
    if (byShard === undefined) {
      byShard = new Map();
      this.#consumers.set(consumer, byShard);
    }
    for (const { shard, sequence } of positions) {
      if (sequence > (byShard.get(shard) ?? 0)) byShard.set(shard, sequence);
    }
  }
}
