// Consumer positions in memory, for tests.

import type { ConsumerPositions, ShardPosition } from '../ports/consumer-positions.ts';

export class MemoryConsumerPositions implements ConsumerPositions {
  readonly #consumers = new Map<string, Map<number, number>>();

  async load(consumer: string, shard: number): Promise<number> {
    return this.#consumers.get(consumer)?.get(shard) ?? 0;
  }

  async save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    let kept = this.#consumers.get(consumer);
    if (kept === undefined) {
      kept = new Map();
      this.#consumers.set(consumer, kept);
    }
    for (const { shard, sequence } of positions) {
      if (sequence > (kept.get(shard) ?? 0)) kept.set(shard, sequence);
    }
  }
}
