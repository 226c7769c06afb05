// The order read model: each user's orders, newest first (O9). The relay fills it, so it may be
// behind the drop's actor.

import type { OrderView } from '../../contracts/orders.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { DropTotals } from '../rows/drop-totals.ts';
import type { Projection, ProjectionBatch } from './projection.ts';

/** A time in which an order was placed, both ends included: milliseconds since the Unix epoch. */
export interface PlacedWithin {
  readonly from: number;
  readonly to: number;
}

export interface OrderListStore extends Projection {
  /**
   * Adds or replaces orders. Ignores a row whose version is not above the stored version; rows of
   * the same order and version are equal. Ignores batches at or below a shard's position. Repeating
   * a call after an error stores each row once. Errors: `store-unavailable`.
   */
  put(batches: readonly ProjectionBatch<OrderView>[]): Promise<void>;
  /** Newest first (`storage/formats/order-position.ts`). Errors: `invalid-cursor`. */
  listByUser(userId: string, page: PageRequest): Promise<Page<OrderView>>;
  /**
   * The newest version of the user's order, if it was placed in that time. What is read grows with
   * the user's orders of that time, and not with all of them.
   */
  findOrder(userId: string, orderId: string, placed: PlacedWithin): Promise<OrderView | null>;
  /**
   * The number of orders of each of the drops, and their units by status, for reconciliation. It
   * may read all orders, so many drops should be asked for at once. Errors: `store-unavailable`.
   */
  totalsOfDrops(dropIds: readonly string[]): Promise<ReadonlyMap<string, DropTotals>>;
}
