// The orders of all users in memory, for tests.

import type { OrderView } from '../../contracts/orders.ts';
import { addToTotals, type DropTotals, emptyTotalsOf, unitsOf } from '../rows/drop-totals.ts';
import { compareOrderPositions, orderPosition } from '../formats/order-position.ts';
import type { OrderListStore, PlacedWithin } from '../ports/order-list.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { ProjectionBatch } from '../ports/projection.ts';
import { pageNewestFirst } from './newest-first.ts';
import { MemoryPositions } from './positions.ts';

export class MemoryOrderListStore implements OrderListStore {
  /** user -> order id -> order */
  readonly #orders = new Map<string, Map<string, OrderView>>();
  readonly #positions = new MemoryPositions();

  async position(shard: number): Promise<number> {
    return this.#positions.of(shard);
  }

  async put(batches: readonly ProjectionBatch<OrderView>[]): Promise<void> {
    for (const order of this.#positions.take(batches)) {
      let orders = this.#orders.get(order.userId);
      if (orders === undefined) {
        orders = new Map();
        this.#orders.set(order.userId, orders);
      }
      const present = orders.get(order.id);
      if (present === undefined || order.version > present.version) orders.set(order.id, order);
    }
  }

  async listByUser(userId: string, page: PageRequest): Promise<Page<OrderView>> {
    const orders = this.#orders.get(userId)?.values() ?? [];
    return pageNewestFirst('orders', orders, orderPosition, page, compareOrderPositions);
  }

  async findOrder(
    userId: string,
    orderId: string,
    { from, to }: PlacedWithin,
  ): Promise<OrderView | null> {
    const order = this.#orders.get(userId)?.get(orderId);
    return order !== undefined && order.createdAt >= from && order.createdAt <= to ? order : null;
  }

  async totalsOfDrops(dropIds: readonly string[]): Promise<Map<string, DropTotals>> {
    const all = emptyTotalsOf(dropIds);
    for (const orders of this.#orders.values()) {
      for (const order of orders.values()) {
        const totals = all.get(order.dropId);
        if (totals !== undefined) addToTotals(totals, order.status, unitsOf(order));
      }
    }
    return all;
  }
}
