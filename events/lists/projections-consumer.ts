// Feeds the read models from the relay: the catalogue's drop rows, the order lists, and the feed of
// kept notifications, which then go out live. One consumer for all three, because the catalogue
// keeps no position: its rows are written first, so what the other two contain is in the catalogue
// as well.

import type { EventConsumer } from '../consumer.ts';
import type { FactBatch } from '../../actors/shard/facts.ts';
import { type LiveBus, userTopic } from '../../actors/live-bus.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { Notification } from '../../contracts/notifications.ts';
import type { OrderChanges, ReadModels } from '../../storage/ports/read-models.ts';
import { dropRows, orderChanges } from './projection-rows.ts';

export interface ProjectionsConsumerOptions {
  readonly catalogue: Catalogue;
  readonly readModels: ReadModels;
  readonly liveBus: LiveBus;
}

export class ProjectionsConsumer implements EventConsumer {
  readonly name = 'projections';
  readonly placement = 'beside-shard';
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
  async consume(batches: readonly FactBatch[]): Promise<void> {
    const { catalogue, readModels, liveBus } = this.#options;
    const drops = dropRows(batches);
    if (drops.length > 0) await catalogue.putDrops(drops);
    const changes: OrderChanges[] = [];
    for (const batch of batches) {
      const { shard, sequence, time } = batch;
      changes.push({ shard, sequence, time, rows: orderChanges(batch) });
    }
    const added = await readModels.store(changes, this.#isHeard);
    for (const notification of added) {
      liveBus.publish(userTopic(notification.userId), { type: 'notification', notification });
    }
    this.#publishEarlier(changes, added);
  }

  /**
   * What comes again after an error, or from a journal whose owner has died, may have been kept
   * before without having been told: who hears it looks into the feed.
   */
  #publishEarlier(changes: readonly OrderChanges[], added: readonly Notification[]): void {
    let count = 0;
    for (const { rows } of changes) {
      for (const row of rows)
        if (row.notificationType !== null && this.#isHeard(row.order.userId)) count++;
    }
    if (count === added.length) return;
    const missing = new Map<string, number>();
    for (const { order, notificationType } of changes.flatMap(({ rows }) => rows)) {
      if (notificationType === null || !this.#isHeard(order.userId)) continue;
      missing.set(order.userId, (missing.get(order.userId) ?? 0) + 1);
    }
    for (const { userId } of added) missing.set(userId, (missing.get(userId) ?? 0) - 1);
    for (const [userId, left] of missing) {
      if (left > 0) this.#options.liveBus.publish(userTopic(userId), { type: 'feed' });
    }
  }
}
