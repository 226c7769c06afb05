// Gives every durable event of this node's shards to the consumers that run beside them, in each
// shard's order, at least once. Each consumer has its own lane, so a slow one does not delay
// others.

import type { FactBatch, FactSink } from '../actors/shard/facts.ts';
import { assert } from '../domain/assert.ts';
import type { EventConsumer } from './consumer.ts';
import { type ConsumerLag, Lane, type LaneOptions } from './lane.ts';

export interface RelayOptions extends Omit<LaneOptions, 'consumer' | 'fedByOwner'> {
  readonly consumers: readonly EventConsumer[];
}

export class Relay implements FactSink {
  readonly #lanes: readonly Lane[];

  constructor({ consumers, ...options }: RelayOptions) {
    for (const { name, placement } of consumers)
      assert(placement === 'beside-shard', `${name} is not for the owner's event loop`);
    this.#lanes = consumers.map((consumer) => new Lane({ ...options, consumer, fedByOwner: true }));
  }

  /** Replays the entries that the shard's consumers have not consumed. */
  recovered(shard: number, sequence: number): void {
    for (const lane of this.#lanes) lane.recovered(shard, sequence);
  }

  released(shard: number): void {
    for (const lane of this.#lanes) lane.released(shard);
  }

  durable(batch: FactBatch): void {
    for (const lane of this.#lanes) lane.durable(batch);
  }

  lagOf(shard: number): number {
    return Math.max(0, ...this.#lanes.map((lane) => lane.lagOf(shard)));
  }

  lag(): ConsumerLag[] {
    return this.#lanes.map((lane) => lane.lag());
  }

  /**
   * Resolves when every consumer has consumed everything that was durable at the call, or the relay
   * stops.
   */
  async caughtUp(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.caughtUp()));
  }

  /** Finishes the batches in progress and starts no others. */
  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }
}
