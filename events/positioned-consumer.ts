// A consumer without rows of its own: its positions are stored after its work, so a crash in between
// repeats work and loses none. One with rows stores its position in the same step as those instead.

import type { FactBatch } from '../actors/shard/facts.ts';
import type { ConsumerPositions } from '../storage/ports/consumer-positions.ts';
import type { EventConsumer, Placement } from './consumer.ts';

export interface PositionedConsumerOptions {
  readonly name: string;
  readonly placement: Placement;
  readonly positions: ConsumerPositions;
  /** As `EventConsumer.consume`. */
  readonly handle: (batches: readonly FactBatch[]) => Promise<void>;
}

export class PositionedConsumer implements EventConsumer {
  readonly name: string;
  readonly placement: Placement;
  readonly #options: PositionedConsumerOptions;

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
}
