// Consumer positions in memory, for tests.

import type { ConsumerPositions, ShardPosition } from '../ports/consumer-positions.ts';

export class MemoryConsumerPositions implements ConsumerPositions {
  readonly #consumers = new Map<string, Map<number, number>>();

  async load(consumer: string, shard: number): Promise<number> {
    return this.#consumers.get(consumer)?.get(shard) ?? 0;
  }

  async save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    const stored = this.#positionsOf(consumer);
    for (const { shard, sequence } of positions) {
      if (sequence > (stored.get(shard) ?? 0)) stored.set(shard, sequence);
    }
  }

  async replace(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    const stored = this.#positionsOf(consumer);
    for (const { shard, sequence } of positions) stored.set(shard, sequence);
  }

  #positionsOf(consumer: string): Map<number, number> {
    const stored = this.#consumers.get(consumer) ?? new Map<number, number>();
    this.#consumers.set(consumer, stored);
    return stored;
  }
}
