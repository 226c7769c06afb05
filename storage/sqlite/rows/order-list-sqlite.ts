// The orders of all users on SQLite, as rows by user (`user-rows.ts`).

import { fnv1a } from '../../../domain/ids.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import { decodeCursor, encodeCursor, type ListPosition } from '../../formats/cursor.ts';
import { compareOrderPositions, orderPosition } from '../../formats/order-position.ts';
import type { DropTotals } from '../../rows/drop-totals.ts';
import type { OrderListStore, PlacedWithin } from '../../ports/order-list.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import { NewestOrders, packOrder } from './order-rows.ts';
import type { ProjectionsReaderHandlers } from './projections-reader-program.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { ORDERS } from './row-log.ts';
import { CREATED_AT, type RowOwner, rowOwner, RowPacker, type RowPlace } from './row-pack.ts';
import type { SqliteThread } from '../thread/thread.ts';
import type { UserRows } from './user-rows.ts';

const ALL = Number.POSITIVE_INFINITY;
const SAMPLES_PER_ITEM = 8;

/** How often totals are counted again because rows were settled meanwhile. */
const SCANS_MAX = 5;
const LISTS = [ORDERS] as const;

export interface SqliteOrderListOptions {
  readonly rows: UserRows;
  /** A thread of its own for scans of the whole file. */
  readonly scanner: SqliteThread<ProjectionsReaderHandlers>;
}

export class SqliteOrderListStore implements OrderListStore {
  readonly #rows: UserRows;
  readonly #scanner;
  readonly #packer = new RowPacker();

  constructor(options: SqliteOrderListOptions) {
    this.#rows = options.rows;
    this.#scanner = options.scanner;
  }

  /** The returned position survives a power failure, so the journal may be trimmed up to it. */
  position(shard: number): Promise<number> {
    return this.#rows.syncedPosition(LISTS, shard);
  }

  put(batches: readonly ProjectionBatch<OrderView>[]): Promise<void> {
    return this.#rows.inTurn(async () => {
      const fresh = this.#rows.fresh(LISTS, batches);
      this.#packer.begin();
      for (const { rows } of fresh) {
        for (const order of rows) packOrder(this.#packer, order);
      }
      await this.#rows.append(LISTS, this.#packer.take(), fresh);
    });
  }

  async listByUser(userId: string, page: PageRequest): Promise<Page<OrderView>> {
    const start = decodeCursor('orders', page.cursor);
    const owner = rowOwner(userId);
    // Rows come nearly in the order of their keys, so the last rows show how far back a page goes.
    // A page does not read all orders of the user.
    const count = page.limit * SAMPLES_PER_ITEM;
    const sample = this.#lastAdded(owner, start.time, count);
    let found: OrderView[];
    if (sample.length < count) {
      found = newestOf(sample, page.limit, start, -1);
    } else {
      const keyMin = sample.reduce((least, { key }) => Math.min(least, key), ALL);
      found = this.#newest(owner, keyMin, start, page.limit);
      if (found.length <= page.limit) found = this.#newest(owner, 0, start, page.limit);
    }
    const items = found.slice(0, page.limit);
    const last = items.at(-1);
    const more = last !== undefined && found.length > items.length;
    const nextCursor = more ? encodeCursor('orders', orderPosition(last)) : null;
    return { items, nextCursor };
  }

  async findOrder(
    userId: string,
    orderId: string,
    placed: PlacedWithin,
  ): Promise<OrderView | null> {
    const owner = rowOwner(userId);
    const idHash = fnv1a(orderId);
    let { from, to } = placed;
    const versions = new NewestOrders();
    const found = (places: readonly RowPlace[]): OrderView | null => {
      for (const place of places) versions.add(place);
      return versions.all().find(({ id }) => id === orderId) ?? null;
    };
    let order = found(this.#rows.recentRows(owner, CREATED_AT, from, to, ALL, idHash));
    for (const { generation } of this.#rows.settledGenerations(CREATED_AT, from, to)) {
      // All versions of an order have the same key.
      if (order !== null) [from, to] = [order.createdAt, order.createdAt];
      const rows = this.#rows.settledRows(owner, generation, CREATED_AT, from, to, ALL, idHash);
      order = found(rows);
    }
    return order;
  }

  async totalsOfDrops(dropIds: readonly string[]): Promise<Map<string, DropTotals>> {
    for (let scan = 0; scan < SCANS_MAX; scan++) {
      const unsettled = this.#rows.unsettled();
      const totals = await this.#scanner.submit('totalsOfDrops', dropIds, unsettled);
      if (totals !== null) return totals;
    }
    throw new StoreUnavailableError('rows were settled faster than they could be counted');
  }

  /** The last added rows with a key up to `keyMax`, at most `count`. */
  #lastAdded(owner: RowOwner, keyMax: number, count: number): RowPlace[] {
    const places = this.#rows.recentRows(owner, CREATED_AT, 0, keyMax, count);
    for (const { generation } of this.#rows.settledGenerations(CREATED_AT, 0, keyMax)) {
      const left = count - places.length;
      if (left <= 0) break;
      places.push(...this.#rows.settledRows(owner, generation, CREATED_AT, 0, keyMax, left));
    }
    return places;
  }

  /**
   * Orders below the position that were placed at `keyMin` or later, newest first, at most
   * `limit` + 1.
   */
  #newest(owner: RowOwner, keyMin: number, start: ListPosition, limit: number): OrderView[] {
    let places = this.#rows.recentRows(owner, CREATED_AT, keyMin, start.time, ALL);
    for (const { generation, keyMax } of this.#rows.settledGenerations(
      CREATED_AT,
      keyMin,
      start.time,
    )) {
      if (newestOf(places, limit, start, keyMax).length > limit) break;
      const older = this.#rows.settledRows(owner, generation, CREATED_AT, keyMin, start.time, ALL);
      places = [...places, ...older];
    }
    return newestOf(places, limit, start, -1);
  }
}

/**
 * The newest orders among the rows, newest first, at most `limit` + 1. Only orders placed after
 * `keyAbove`, because rows elsewhere may come before older ones. Rows are unpacked only as far as
 * needed: all versions of an order have the same key.
 */
function newestOf(
  places: readonly RowPlace[],
  limit: number,
  start: ListPosition,
  keyAbove: number,
): OrderView[] {
  const sorted = places.filter(({ key }) => key > keyAbove).sort((a, b) => b.key - a.key);
  const found: OrderView[] = [];
  let i = 0;
  while (i < sorted.length && found.length <= limit) {
    const { key } = sorted[i]!;
    const versions = new NewestOrders();
    for (; i < sorted.length && sorted[i]!.key === key; i++) versions.add(sorted[i]!);
    const orders = versions
      .all()
      .filter((order) => compareOrderPositions(orderPosition(order), start) < 0);
    orders.sort((a, b) => compareOrderPositions(orderPosition(b), orderPosition(a)));
    found.push(...orders);
  }
  return found.slice(0, limit + 1);
}
