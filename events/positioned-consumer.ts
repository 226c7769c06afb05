// A consumer without rows of its own. Its positions are stored after its work, so a crash between
// the two repeats work and loses none. A consumer with rows stores its positions in the same step
// as its rows instead.

import type { FactBatch } from '../actors/shard/facts.ts';
import type { ConsumerPositions, ShardPosition } from '../storage/ports/consumer-positions.ts';
import type { EventConsumer, Placement } from './consumer.ts';

export interface PositionedConsumerOptions {
  readonly name: string;
  readonly placement: Placement;
  readonly positions: ConsumerPositions;
  /** Like `EventConsumer.consume`. */
  readonly handle: (batches: readonly FactBatch[]) => Promise<void>;
  /** Whether anybody needs what comes now; always where it is absent. */
  readonly isNeeded?: () => Promise<boolean>;
}

export class PositionedConsumer implements EventConsumer {
  readonly name: string;
  readonly placement: Placement;
  readonly #options: PositionedConsumerOptions;
  /** The last sequence that was passed over, by shard. */
  readonly #passed = new Map<number, number>();

  constructor(options: PositionedConsumerOptions) {
    this.name = options.name;
    this.placement = options.placement;
    this.#options = options;
  }

  position(shard: number): Promise<number> {
    return this.#options.positions.load(this.name, shard);
  }

  async consume(batches: readonly FactBatch[]): Promise<void> {
    await this.#options.handle(batches);
    const sequences = new Map(batches.map(({ shard, sequence }) => [shard, sequence]));
    const positions = Array.from(sequences, ([shard, sequence]) => ({ shard, sequence }));
    await this.#options.positions.save(this.name, positions);
  }

  async passesOver(ends: readonly ShardPosition[]): Promise<boolean> {
    const { positions, isNeeded } = this.#options;
    if (isNeeded === undefined || (await isNeeded())) return false;
    const further = ends.filter(({ shard, sequence }) => sequence > (this.#passed.get(shard) ?? 0));
    if (further.length === 0) return true;
    await positions.save(this.name, further);
    for (const { shard, sequence } of further) this.#passed.set(shard, sequence);
    return true;
  }
}
