// The read models port: the order lists, and the notifications of orders in the feed. The relay
// fills both from the same change of an order, so a driver may store one row for both. A driver
// that stores them separately uses `SeparateReadModels`.

import type { Pause } from '../formats/steps.ts';
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
import type { OpenSpill } from './spill.ts';

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
   * mark; it is not published again. Existing rows do not change. Takes memory for one portion of
   * users. May fail half way and be called again; one call at a time in a process. Resolves to the
   * number of missing rows of each journal. Errors: `store-unavailable`; the signal's reason.
   */
  restore(options: RestoreOptions): Promise<Missing[]>;
}

export interface RestoreOptions {
  readonly journals: ReplayedJournals;
  /** For the missing rows, until all are known. */
  readonly openSpill: OpenSpill;
  /** False: only count what is missing. */
  readonly write: boolean;
  /** Awaited between two steps. */
  readonly pause: Pause;
  /** Aborted: stops before the next portion of rows. */
  readonly signal: AbortSignal;
  /** The share of all users who were compared, rising from 0 to 1. */
  readonly compared?: (share: number) => void;
}

/** What some journals say of orders, for reading in bounded memory. */
export interface ReplayedJournals {
  /** Each up to a sequence that `position` has reached; none that cannot be read. */
  readonly journals: readonly ShardPosition[];
  /**
   * All changes of the journals, in portions of whole users. Together the portions cover all
   * buckets of users, in rising order; one covers at most `bucketsMax`.
   */
  users(bucketsMax: number): AsyncIterable<UsersChanges>;
  /** Every drop of the journals. */
  drops(): Iterable<DropOrders>;
  /**
   * The changes of some drops' orders, entry by entry, from a second replay of their journal.
   * Errors: `corrupt`, `store-unavailable`.
   */
  changesOf(journal: ShardPosition, dropIds: ReadonlySet<string>): AsyncIterable<OrderChanges>;
}

/**
 * Users are in buckets by `fnv1a` of their id, modulo this. Part of SQLite's stored format, which
 * has its rows by the same buckets.
 */
export const USER_BUCKETS = 1024;

/** All changes of some users. */
export interface UsersChanges {
  /** The users are in the buckets from `first` up to, without it, `end`. */
  readonly first: number;
  readonly end: number;
  /** Those of each journal in its order. */
  readonly changes: readonly UserChange[];
}

export interface UserChange extends OrderChange {
  readonly shard: number;
  readonly sequence: number;
  /** Its place in the entry. */
  readonly index: number;
  /** Of the entry, in milliseconds since the Unix epoch. */
  readonly time: number;
}

/** The totals of a drop's orders at the end of its journal. */
export interface DropOrders {
  readonly shard: number;
  readonly dropId: string;
  readonly orders: number;
  readonly heldUnits: number;
  readonly soldUnits: number;
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
  const { id, dropId, quantity, totalAmount, currency, userId } = order;
  const { refundedAmount, refundedQuantity } = order;
  const usual: NewNotification['data'] = refundRequested
    ? { orderId: id, dropId, quantity, totalAmount, currency, refundRequested }
    : { orderId: id, dropId, quantity, totalAmount, currency };
  if (refundedAmount === undefined && refundedQuantity === undefined)
    return { userId, type, data: usual, createdAt };
  const data = {
    ...usual,
    ...(refundedAmount !== undefined && { refundedAmount }),
    ...(refundedQuantity !== undefined && { refundedQuantity }),
  };
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
