// Feeds the read models from the relay: the catalogue's drop rows, the order lists, and the feed of
// kept notifications, which then go out live. One consumer for all three, because the catalogue
// keeps no position: its rows are written first, so what the other two contain is in the catalogue
// as well.

import type { EventConsumer, RelayBatch } from '../../actors/event-consumer.ts';
import { type LiveBus, userTopic } from '../../actors/live-bus.ts';
import type { Catalogue } from '../../storage/catalogue.ts';
import type { OrderChanges, ReadModels } from '../../storage/read-models.ts';
import { dropRows, orderChanges } from './projection-rows.ts';

export interface ProjectionsConsumerOptions {
  readonly catalogue: Catalogue;
  readonly readModels: ReadModels;
  readonly liveBus: LiveBus;
}

export class ProjectionsConsumer implements EventConsumer {
  readonly name = 'projections';
  readonly #options: ProjectionsConsumerOptions;
  readonly #isHeard = (userId: string): boolean =>
    this.#options.liveBus.hasListeners(userTopic(userId));

  constructor(options: ProjectionsConsumerOptions) {
    this.#options = options;
  }

  position(shard: number): Promise<number> {
    return this.#options.readModels.position(shard);
  }

  /**
   * Entries without rows are passed on as well: they move the positions. What is told live is in
   * the feed already, so a lost frame is found again by a reconnecting client.
   */
  async consume(batches: readonly RelayBatch[]): Promise<void> {
    const { catalogue, readModels, liveBus } = this.#options;
    const drops = dropRows(batches);
    if (drops.length > 0) await catalogue.putDrops(drops);
    const changes: OrderChanges[] = [];
    for (const batch of batches) {
      const { shard, sequence, time } = batch;
      changes.push({ shard, sequence, time, rows: orderChanges(batch) });
    }
    for (const notification of await readModels.keep(changes, this.#isHeard)) {
      liveBus.publish(userTopic(notification.userId), { type: 'notification', notification });
    }
  }
}
