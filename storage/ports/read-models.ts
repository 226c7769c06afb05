// The read models port: the order lists, and the notifications of orders in the feed. The relay
// fills both from the same change of an order, so a driver may store one row for both. A driver
// that stores them separately uses `SeparateReadModels`.

import type { OrderView } from '../../contracts/orders.ts';
import type { ShardPosition } from './consumer-positions.ts';
import type { FeedStore } from './feed.ts';
import type {
  NewNotification,
  Notification,
  OrderNotificationType,
} from '../../contracts/notifications.ts';
import type { OrderListStore } from './order-list.ts';
import type { Projection, ProjectionBatch } from './projection.ts';

/** One change of an order. */
export interface OrderChange {
  /**
   * The order as it stood after the change. An append or a restore of an earlier release may have
   * written a later state: the order's version says which.
   */
  readonly order: OrderView;
  /** The type of the buyer's notification; null if the buyer gets none. */
  readonly notificationType: OrderNotificationType | null;
  /** The notification says that the payment is refunded. */
  readonly refundRequested: boolean;
}

export interface OrderChanges extends ProjectionBatch<OrderChange> {
  /** The time of all changes of the batch, in milliseconds since the Unix epoch. */
  readonly time: number;
}

export interface ReadModels extends Projection {
  /**
   * For all batches above their shard's position, in order: adds or replaces the orders as
   * `OrderListStore.put` does, and appends the notifications as `FeedStore.append` does. Resolves
   * when both can be read, to the added notifications of the users with `hasListener`, in order.
   * Errors: `store-unavailable`; the caller may then repeat the same batches.
   */
  store(
    batches: readonly OrderChanges[],
    hasListener: (userId: string) => boolean,
  ): Promise<Notification[]>;
  /**
   * Finds rows that the journals require and the read models lack, whatever the positions, and adds
   * them while `store` goes on. A restored notification gets its place in time and its stored read
   * mark; it is not published again. Existing rows do not change. May fail half way and be called
   * again; one call at a time in a process. Resolves to the number of missing rows, for each
   * journal that could be read. Errors: `store-unavailable`.
   */
  restore(options: RestoreOptions): Promise<Missing[]>;
}

export interface RestoreOptions {
  /** The journals, each up to a sequence that `position` has reached. */
  readonly journals: readonly ShardPosition[];
  /**
   * All changes of a journal up to its sequence, each with its order as it stands at that sequence;
   * null if the journal cannot be read. Called for one journal after the other.
   */
  readonly changesOf: (journal: ShardPosition) => Promise<readonly OrderChanges[] | null>;
  /** False: only count what is missing. */
  readonly write: boolean;
}

/** The number of rows of a journal that were missing. */
export interface Missing {
  readonly shard: number;
  readonly orders: number;
  readonly notifications: number;
}

/** The notification of a change of an order. */
export function orderNotification(
  type: OrderNotificationType,
  order: OrderView,
  refundRequested: boolean,
  createdAt: number,
): NewNotification {
  const { id, dropId, quantity, totalCents, currency, userId } = order;
  const data: NewNotification['data'] = refundRequested
    ? { orderId: id, dropId, quantity, totalCents, currency, refundRequested }
    : { orderId: id, dropId, quantity, totalCents, currency };
  return { userId, type, data, createdAt };
}

/** Order lists and feed as two stores, each with its own positions. */
export class SeparateReadModels implements ReadModels {
  readonly #orderList: OrderListStore;
  readonly #feed: FeedStore;

  constructor(options: { readonly orderList: OrderListStore; readonly feed: FeedStore }) {
    this.#orderList = options.orderList;
    this.#feed = options.feed;
  }

  /** The lower position: a store that is ahead ignores the batches it has. */
  async position(shard: number): Promise<number> {
    return Math.min(
      ...(await Promise.all([this.#orderList.position(shard), this.#feed.position(shard)])),
    );
  }

  async store(
    batches: readonly OrderChanges[],
    hasListener: (userId: string) => boolean,
  ): Promise<Notification[]> {
    const orders: ProjectionBatch<OrderView>[] = [];
    const notifications: ProjectionBatch<NewNotification>[] = [];
    for (const { shard, sequence, time, rows } of batches) {
      orders.push({ shard, sequence, rows: rows.map(({ order }) => order) });
      const feedRows: NewNotification[] = [];
      for (const { order, notificationType, refundRequested } of rows) {
        if (notificationType === null) continue;
        feedRows.push(orderNotification(notificationType, order, refundRequested, time));
      }
      notifications.push({ shard, sequence, rows: feedRows });
    }
    // The feed comes last: it returns each notification once, so nothing may fail after it.
    await this.#orderList.put(orders);
    const added = await this.#feed.append(notifications);
    return added.filter(({ userId }) => hasListener(userId));
  }

  /** Stores in memory lose rows and positions together, so no row is ever missing. */
  async restore(): Promise<Missing[]> {
    return [];
  }
}
