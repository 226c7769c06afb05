// The orders of all users on Redis: one sorted set for each user by the time of ordering. Each
// version of an order is added as a member of its own (`order-members.ts`). Versions of an order
// are neighbours, because they have the same time and begin with the same id, and a reader takes
// the newest. So adding is one plain command that may be repeated or come late. A script that
// replaced older versions would cost more than the command itself.
//
// In a running node `read-models-redis.ts` adds the orders, together with the notifications. The
// orders of the newest notifications are in the feed only (`bucket-calls.ts`).

import type { OrderView } from '../../../contracts/orders.ts';
import { decodeCursor, encodeCursor, type ListPosition } from '../../formats/cursor.ts';
import { compareOrderPositions, orderPosition } from '../../formats/order-position.ts';
import type { DropTotals } from '../../rows/drop-totals.ts';
import type { OrderListStore, PlacedWithin } from '../../ports/order-list.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import { BLOCK_ROWS } from './bucket-calls.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { DropStandings, totalsOfDrop } from './drop-standings.ts';
import { orderOfRow, packOrder, unpackOrder } from './order-members.ts';
import { allDone, RedisProjection } from './projection-redis.ts';
import { bucketOf, feedKey, ordersKey } from './user-buckets.ts';

/** Members read in one step, so that a long list blocks no server. */
const SCAN_STEP = 1000;
/** Members read in one step for each order of the page. */
const VERSIONS_USUAL = 2;

export class RedisOrderListStore implements OrderListStore {
  readonly #redis: RedisConnection;
  readonly #projection: RedisProjection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
    this.#projection = new RedisProjection({ redis: options.redis, lists: ['orders'] });
  }

  position(shard: number): Promise<number> {
    return this.#projection.position(shard);
  }

  /** Rows of the same order and version must be equal. */
  put(batches: readonly ProjectionBatch<OrderView>[]): Promise<void> {
    return this.#projection.take(batches, (portion) => this.#write(portion));
  }

  async listByUser(userId: string, page: PageRequest): Promise<Page<OrderView>> {
    const start = decodeCursor('orders', page.cursor);
    const found = await this.#newest(userId, start, page.limit);
    const items = found.slice(0, page.limit);
    const last = items.at(-1);
    const more = last !== undefined && found.length > items.length;
    const nextCursor = more ? encodeCursor('orders', orderPosition(last)) : null;
    return { items, nextCursor };
  }

  async findOrder(
    userId: string,
    orderId: string,
    { from, to }: PlacedWithin,
  ): Promise<OrderView | null> {
    const isWanted = ({ id, createdAt }: OrderView) =>
      id === orderId && createdAt >= from && createdAt <= to;
    let newest: OrderView | null = null;
    // The feed is read first: an order that leaves its newest rows meanwhile is in the list.
    for (const order of await this.#newestFeedOrders(userId)) {
      if (isWanted(order) && isNewer(order, newest)) newest = order;
    }
    // All versions of an order have the same time.
    const [first, last] = newest === null ? [from, to] : [newest.createdAt, newest.createdAt];
    for (let offset = 0; ; offset += SCAN_STEP) {
      const members = await this.#membersUp(userId, { from: first, to: last }, offset);
      for (let i = 0; i < members.length; i += 2) {
        const member = members[i]!;
        if (!member.startsWith(`${orderId} `)) continue;
        const order = unpackOrder(userId, Number(members[i + 1]), member);
        if (isNewer(order, newest)) newest = order;
      }
      if (members.length < 2 * SCAN_STEP) return newest;
      if (newest !== null && Number(members.at(-1)) > newest.createdAt) return newest;
    }
  }

  async totalsOfDrops(dropIds: readonly string[]): Promise<Map<string, DropTotals>> {
    const all = new Map<string, DropTotals>();
    for (const dropId of dropIds) all.set(dropId, await totalsOfDrop(this.#redis, dropId));
    return all;
  }

  async #write(portion: readonly ProjectionBatch<OrderView>[]): Promise<void> {
    const standings = new DropStandings();
    const answers: Promise<unknown>[] = [];
    for (const { sequence, rows } of portion) {
      for (const order of rows) {
        const key = userKey(order.userId);
        answers.push(answerOf(this.#redis.zadd(key, order.createdAt, packOrder(order))));
        standings.add(order, sequence);
      }
    }
    answers.push(...standings.send(this.#redis));
    await allDone(answers);
  }

  /**
   * The newest orders below `start`, newest first: `limit`, and at least one more if there is any.
   * The orders after these may lack newer versions.
   */
  async #newest(userId: string, start: ListPosition, limit: number): Promise<OrderView[]> {
    const step = (limit + 1) * VERSIONS_USUAL;
    const orders = new Map<string, OrderView>();
    const take = (order: OrderView): void => {
      if (compareOrderPositions(orderPosition(order), start) >= 0) return;
      if (isNewer(order, orders.get(order.id) ?? null)) orders.set(order.id, order);
    };
    // The feed is read first: an order that leaves its newest rows meanwhile is in the list.
    const [feedOrders, first] = await Promise.all([
      this.#newestFeedOrders(userId),
      this.#members(userId, start.time, 0, step),
    ]);
    // Members are only added, so a step may read some twice but skips none. The members of one time
    // are in the order of their texts, so orders are complete once an older member was read.
    let members = first;
    for (let offset = step; ; offset += step) {
      for (let i = 0; i < members.length; i += 2) {
        take(unpackOrder(userId, Number(members[i + 1]), members[i]!));
      }
      if (members.length < 2 * step) break;
      const timeRead = Number(members.at(-1));
      if (countNewer(orders.values(), timeRead) > limit) break;
      members = await this.#members(userId, start.time, offset, step);
    }
    for (const order of feedOrders) take(order);
    return [...orders.values()].sort((a, b) =>
      compareOrderPositions(orderPosition(b), orderPosition(a)),
    );
  }

  /** Members of the list and their times, newest first. */
  #members(userId: string, time: number, offset: number, count: number): Promise<string[]> {
    const key = userKey(userId);
    return answerOf(
      this.#redis.zrevrangebyscore(key, time, '-inf', 'WITHSCORES', 'LIMIT', offset, count),
    );
  }

  /** Members of the list and their times, oldest first. */
  #membersUp(userId: string, { from, to }: PlacedWithin, offset: number): Promise<string[]> {
    const key = userKey(userId);
    return answerOf(
      this.#redis.zrangebyscore(key, from, to, 'WITHSCORES', 'LIMIT', offset, SCAN_STEP),
    );
  }

  /** The orders of the newest rows of the feed, which may not be in the list. */
  async #newestFeedOrders(userId: string): Promise<OrderView[]> {
    const key = feedKey(bucketOf(userId), userId);
    const rows = await answerOf(this.#redis.lrange(key, -BLOCK_ROWS, -1));
    return rows.flatMap((row) => orderOfRow(userId, row) ?? []);
  }
}

function isNewer(order: OrderView, than: OrderView | null): boolean {
  return than === null || order.version > than.version;
}

function countNewer(orders: Iterable<OrderView>, than: number): number {
  let count = 0;
  for (const { createdAt } of orders) if (createdAt > than) count += 1;
  return count;
}

function userKey(userId: string): string {
  return ordersKey(bucketOf(userId), userId);
}
