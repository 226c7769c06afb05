// Updates the read models from events: the catalogue's drop rows, the order lists, and the feed of
// notifications, which it then publishes live. One consumer updates all three, because the
// catalogue stores no position: its rows are written first, so it has everything that the other two
// have.

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
  readonly #hasSubscribers = (userId: string): boolean =>
    this.#options.liveBus.hasListeners(userTopic(userId));

  constructor(options: ProjectionsConsumerOptions) {
    this.#options = options;
  }

  position(shard: number): Promise<number> {
    return this.#options.readModels.position(shard);
  }

  /**
   * Entries without rows are passed on too, because they advance the positions. A notification is
   * stored in the feed before it is published, so a client that reconnects finds a lost frame
   * there.
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
    const added = await readModels.store(changes, this.#hasSubscribers);
    for (const notification of added) {
      liveBus.publish(userTopic(notification.userId), { type: 'notification', notification });
    }
    this.#publishEarlier(changes, added);
    for (const batch of batches) this.#publishPayments(batch);
  }

  /** At least once: the same batch may come again. */
  #publishPayments({ facts }: FactBatch): void {
    const { liveBus } = this.#options;
    for (const { event, order } of facts) {
      if (order === null) continue;
      if (event.type !== 'payment-declined' && event.type !== 'payment-prepared') continue;
      const { id: orderId, dropId, userId, holdExpiresAt } = order;
      const payment = { orderId, dropId, reference: event.reference };
      if (event.type === 'payment-declined')
        liveBus.publish(userTopic(userId), { type: 'payment-failed', payment });
      else if (holdExpiresAt !== null) {
        const ready = { ...payment, holdExpiresAt };
        liveBus.publish(userTopic(userId), { type: 'payment-ready', payment: ready });
      }
    }
  }

  /**
   * After an error or an owner's death, repeated batches may have notifications that were stored
   * before and never published. Their users' streams are told to read the feed.
   */
  #publishEarlier(changes: readonly OrderChanges[], added: readonly Notification[]): void {
    let count = 0;
    for (const { rows } of changes) {
      for (const row of rows)
        if (row.notificationType !== null && this.#hasSubscribers(row.order.userId)) count++;
    }
    if (count === added.length) return;
    const missing = new Map<string, number>();
    for (const { order, notificationType } of changes.flatMap(({ rows }) => rows)) {
      if (notificationType === null || !this.#hasSubscribers(order.userId)) continue;
      missing.set(order.userId, (missing.get(order.userId) ?? 0) + 1);
    }
    for (const { userId } of added) missing.set(userId, (missing.get(userId) ?? 0) - 1);
    for (const [userId, left] of missing) {
      if (left > 0) this.#options.liveBus.publish(userTopic(userId), { type: 'feed' });
    }
  }
}
