// Everybody's orders on Redis: for each user a sorted set by the time of ordering, to which each
// version of an order is added once and for all (`order-members.ts`). Versions of an order are
// neighbours, since they have its time and begin with its id, and a reader takes the newest. So
// adding is one plain command that may be repeated, and come late, as often as it likes. A script
// that replaced older versions would cost every order more than the command itself does.
//
// What a drop's orders add up to is read from one more short field for each version, in a few
// hashes of the drop; an append writes all of a hash's fields at once.
//
// What an append costs: `node_modules/.bin/node bench/redis-projections.ts`.

import { fnv1a } from '../../domain/ids.ts';
import type { OrderView } from '../../domain/views.ts';
import { decodeCursor, encodeCursor, type ListPosition } from '../cursor.ts';
import { addToTotals, type DropTotals, emptyTotals } from '../drop-totals.ts';
import type { OrderListStore } from '../order-list.ts';
import type { Page, PageRequest } from '../page.ts';
import type { ProjectionBatch } from '../projection.ts';
import { answerOf, type RedisConnection } from './connection.ts';
import { dropOf, packOrder, statusLetter, statusOf, unpackOrder } from './order-members.ts';
import { allDone, inOneWrite, RedisProjection } from './projection-redis.ts';

/** Hashes of a drop. Part of the stored format. */
const TOTALS_PARTS = 16;
/** Looked at in one step, so that a large drop or list holds up no server. */
const SCAN_STEP = 1000;
/** Members read in one step for each order that is wanted. */
const VERSIONS_USUAL = 2;

export class RedisOrderListStore implements OrderListStore {
  readonly #redis: RedisConnection;
  readonly #projection: RedisProjection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
    this.#projection = new RedisProjection({ redis: options.redis, name: 'orders' });
  }

  position(shard: number): Promise<number> {
    return this.#projection.position(shard);
  }

  /** Rows of the same order and version have to be the same. */
  put(batches: readonly ProjectionBatch<OrderView>[]): Promise<void> {
    return this.#projection.take(batches, (portion) => this.#write(portion));
  }

  async listByUser(userId: string, page: PageRequest): Promise<Page<OrderView>> {
    const start = decodeCursor('orders', page.cursor);
    const found = await this.#newest(userId, start, page.limit + 1);
    const items = found.slice(0, page.limit);
    const last = items.at(-1);
    const more = last !== undefined && found.length > items.length;
    const nextCursor = more ? encodeCursor('orders', { time: last.createdAt, id: last.id }) : null;
    return { items, nextCursor };
  }

  async findOrder(userId: string, orderId: string): Promise<OrderView | null> {
    const key = userKey(userId);
    const pattern = `${orderId.replaceAll(/[\\*?[\]]/g, '\\$&')} *`;
    let newest: OrderView | null = null;
    let at = '0';
    do {
      const [next, members] = await answerOf(
        this.#redis.zscan(key, at, 'MATCH', pattern, 'COUNT', SCAN_STEP),
      );
      at = next;
      for (let i = 0; i < members.length; i += 2) {
        const order = unpackOrder(userId, Number(members[i + 1]), members[i]!);
        if (newest === null || order.version > newest.version) newest = order;
      }
    } while (at !== '0');
    return newest;
  }

  async totalsOfDrop(dropId: string): Promise<DropTotals> {
    const totals = emptyTotals();
    for (let part = 0; part < TOTALS_PARTS; part++) {
      /** By order: its newest version, and how it stands then. */
      const newest = new Map<string, { version: number; standing: string }>();
      let at = '0';
      do {
        const [next, fields] = await answerOf(
          this.#redis.hscan(totalsKey(dropId, part), at, 'COUNT', SCAN_STEP),
        );
        at = next;
        for (let i = 0; i < fields.length; i += 2) {
          const [id, text] = fields[i]!.split(' ') as [string, string];
          const version = Number(text);
          const present = newest.get(id);
          if (present !== undefined && present.version >= version) continue;
          newest.set(id, { version, standing: fields[i + 1]! });
        }
      } while (at !== '0');
      for (const { standing } of newest.values()) {
        addToTotals(totals, statusOf(standing[0]!), Number(standing.slice(1)));
      }
    }
    return totals;
  }

  /** On the path of every order, once it is durable: plain loops. */
  async #write(portion: readonly ProjectionBatch<OrderView>[]): Promise<void> {
    const redis = this.#redis;
    const totals = new Map<string, string[]>();
    const answers: Promise<unknown>[] = [];
    inOneWrite(redis, () => {
      for (const { rows } of portion) {
        for (const order of rows) {
          answers.push(redis.zadd(userKey(order.userId), order.createdAt, packOrder(order)));
          addStanding(totals, order);
        }
      }
      for (const [key, fields] of totals) answers.push(redis.hset(key, ...fields));
    });
    await answerOf(allDone(answers));
  }

  /** At most `limit` orders below `start`, newest first. */
  async #newest(userId: string, start: ListPosition, limit: number): Promise<OrderView[]> {
    const step = (limit + 1) * VERSIONS_USUAL;
    const orders = new Map<string, OrderView>();
    // Members are only ever added, so some may come twice while these steps are made, and none is
    // passed by. An order is complete when a later one follows it.
    for (let offset = 0; orders.size <= limit; offset += step) {
      const members = await answerOf(
        this.#redis.zrevrangebyscore(
          userKey(userId),
          start.time,
          '-inf',
          'WITHSCORES',
          'LIMIT',
          offset,
          step,
        ),
      );
      for (let i = 0; i < members.length; i += 2) {
        const order = unpackOrder(userId, Number(members[i + 1]), members[i]!);
        if (order.createdAt === start.time && order.id >= start.id) continue;
        const present = orders.get(order.id);
        if (present === undefined || order.version > present.version) orders.set(order.id, order);
      }
      if (members.length < 2 * step) break;
    }
    return [...orders.values()].slice(0, limit);
  }
}

function addStanding(totals: Map<string, string[]>, order: OrderView): void {
  const { id, dropId, status, quantity, version } = order;
  // The key says the drop already.
  const name = dropOf(id) === dropId ? id.slice(dropId.length + 1) : id;
  const key = totalsKey(dropId, fnv1a(name) % TOTALS_PARTS);
  const fields = totals.get(key);
  const standing = statusLetter(status) + quantity;
  if (fields === undefined) totals.set(key, [`${name} ${version}`, standing]);
  else fields.push(`${name} ${version}`, standing);
}

function userKey(userId: string): string {
  return `orders:user:${userId}`;
}

function totalsKey(dropId: string, part: number): string {
  return `orders:totals:${dropId}:${part}`;
}
