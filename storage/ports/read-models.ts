// What the relay keeps for buyers to read: the order lists, and the feed's notifications of orders.
// Both tell of the same change, so a driver may keep one row for both; one that keeps them apart
// goes through `SeparateReadModels`.

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
   * written it as it stood later: the order's version tells.
   */
  readonly order: OrderView;
  /** What the buyer is told; null for nothing. */
  readonly told: OrderNotificationType | null;
  /** The buyer is told that the payment goes back. */
  readonly refundRequested: boolean;
}

export interface OrderChanges extends ProjectionBatch<OrderChange> {
  /** When all of it happened, in milliseconds since the Unix epoch. */
  readonly time: number;
}

export interface ReadModels extends Projection {
  /**
   * Adds or replaces the orders, as `OrderListStore.put` does, and appends the notifications, as
   * `FeedStore.append` does, of all batches above their shard's position, in order. Resolves when
   * they can be read, to the notifications kept for the users that `wants` names, in order. Errors:
   * `store-unavailable`; the same batches may then be given again.
   */
  keep(
    batches: readonly OrderChanges[],
    wants: (userId: string) => boolean,
  ): Promise<Notification[]>;
  /**
   * Finds what the journals say and the read models do not have, whatever their positions, and adds
   * it while `keep` goes on: notifications where they were in time, not told again, and with the
   * read marks that are kept of them. Nothing that is there changes. May end half way and be called
   * again, one call at a time in a process. Resolves to what was missing, by journal that could be
   * read. Errors: `store-unavailable`.
   */
  restore(options: RestoreOptions): Promise<Missing[]>;
}

export interface RestoreOptions {
  /** Which journals, each up to a sequence that `position` has reached. */
  readonly journals: readonly ShardPosition[];
  /**
   * All changes of a journal up to there, each with its order as it stands there; null where it
   * cannot be read. Asked for one journal after the other.
   */
  readonly changesOf: (journal: ShardPosition) => Promise<readonly OrderChanges[] | null>;
  /** False: only count what is missing. */
  readonly write: boolean;
}

/** How much of a journal was missing. */
export interface Missing {
  readonly shard: number;
  readonly orders: number;
  readonly notifications: number;
}

/** What the buyer is told of a change that tells something. */
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

/** Order lists and feed as two stores, each with positions of its own. */
export class SeparateReadModels implements ReadModels {
  readonly #orderList: OrderListStore;
  readonly #feed: FeedStore;

  constructor(options: { readonly orderList: OrderListStore; readonly feed: FeedStore }) {
    this.#orderList = options.orderList;
    this.#feed = options.feed;
  }

  /** The lesser of both: what only one of them has comes again, and is ignored by it. */
  async position(shard: number): Promise<number> {
    return Math.min(
      ...(await Promise.all([this.#orderList.position(shard), this.#feed.position(shard)])),
    );
  }

  async keep(
    batches: readonly OrderChanges[],
    wants: (userId: string) => boolean,
  ): Promise<Notification[]> {
    const orders: ProjectionBatch<OrderView>[] = [];
    const notifications: ProjectionBatch<NewNotification>[] = [];
    for (const { shard, sequence, time, rows } of batches) {
      orders.push({ shard, sequence, rows: rows.map(({ order }) => order) });
      const told: NewNotification[] = [];
      for (const { order, told: type, refundRequested } of rows) {
        if (type !== null) told.push(orderNotification(type, order, refundRequested, time));
      }
      notifications.push({ shard, sequence, rows: told });
    }
    // The feed comes last: what it keeps is told once, so nothing may fail after it.
    await this.#orderList.put(orders);
    const kept = await this.#feed.append(notifications);
    return kept.filter(({ userId }) => wants(userId));
  }

  /** Stores in memory lose nothing but all of it, and then with their positions. */
  async restore(): Promise<Missing[]> {
    return [];
  }
}
