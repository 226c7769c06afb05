// The order read model: each user's orders, newest first (O9). Fed by the relay; the drop's actor
// holds the truth.

import type { OrderView } from '../../contracts/orders.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Projection, ProjectionBatch } from './projection.ts';

export interface OrderListStore extends Projection {
  /**
   * Adds or replaces orders. A row whose version is not above the stored one is ignored; rows of
   * the same order and version are the same. Batches at or behind a shard's position are ignored,
   * and what is given again after an error has the effect of once. Errors: `store-unavailable`.
   */
  put(batches: readonly ProjectionBatch<OrderView>[]): Promise<void>;
  /** Newest first: by createdAt, then id, both descending. */
  listByUser(userId: string, page: PageRequest): Promise<Page<OrderView>>;
  findOrder(userId: string, orderId: string): Promise<OrderView | null>;
  /** Orders of one drop and their units by status, for reconciliation. */
  totalsOfDrop(dropId: string): Promise<{ orders: number; heldUnits: number; soldUnits: number }>;
}
