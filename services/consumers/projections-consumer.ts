// Feeds the read models from the relay: the catalogue's drop rows, the order lists, and the feed of
// kept notifications, which then go out live. One consumer for all three, because the catalogue
// keeps no position: its rows are written first, so what the other two contain is in the catalogue
// as well, and the position after a crash is the lesser of theirs.

import type { EventConsumer, RelayBatch } from '../../actors/event-consumer.ts';
import { type LiveBus, userTopic } from '../../actors/live-bus.ts';
import type { OrderView } from '../../domain/views.ts';
import type { Catalogue } from '../../storage/catalogue.ts';
import type { FeedStore, NewNotification } from '../../storage/feed.ts';
import type { OrderListStore } from '../../storage/order-list.ts';
import type { ProjectionBatch } from '../../storage/projection.ts';
import { dropRows, notificationRows, orderRows } from './projection-rows.ts';

export interface ProjectionsConsumerOptions {
  readonly catalogue: Catalogue;
  readonly orderList: OrderListStore;
  readonly feed: FeedStore;
  readonly liveBus: LiveBus;
}

export class ProjectionsConsumer implements EventConsumer {
  readonly name = 'projections';
  readonly #options: ProjectionsConsumerOptions;

  constructor(options: ProjectionsConsumerOptions) {
    this.#options = options;
  }

  async position(shard: number): Promise<number> {
    const { orderList, feed } = this.#options;
    const [orders, notifications] = await Promise.all([
      orderList.position(shard),
      feed.position(shard),
    ]);
    return Math.min(orders, notifications);
  }

  /** Entries without rows are passed on as well: they move the stores' positions. */
  async consume(batches: readonly RelayBatch[]): Promise<void> {
    const drops = dropRows(batches);
    if (drops.length > 0) await this.#options.catalogue.putDrops(drops);
    const orders: ProjectionBatch<OrderView>[] = [];
    const notifications: ProjectionBatch<NewNotification>[] = [];
    for (const batch of batches) {
      const { shard, sequence } = batch;
      orders.push({ shard, sequence, rows: orderRows(batch) });
      notifications.push({ shard, sequence, rows: notificationRows(batch) });
    }
    await Promise.all([this.#options.orderList.put(orders), this.#feed(notifications)]);
  }

  /**
   * What is told live is in the feed already, so a lost frame is found again by a reconnecting
   * client.
   */
  async #feed(batches: readonly ProjectionBatch<NewNotification>[]): Promise<void> {
    const { feed, liveBus } = this.#options;
    const kept = await feed.append(batches);
    for (const notification of kept) {
      const topic = userTopic(notification.userId);
      if (liveBus.hasListeners(topic))
        liveBus.publish(topic, { type: 'notification', notification });
    }
  }
}
