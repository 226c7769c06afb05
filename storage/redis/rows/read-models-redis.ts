// Fills the order lists and the feed on Redis. What it writes is what `RedisOrderListStore` and
// `RedisFeedStore` read: what a buyer is told and the order it tells of are one row of the feed
// (`bucket-calls.ts`); a change that tells nothing goes into the order list.
//
// A version of an order is added to its list once and for all, however often it comes. A row of a
// feed is added when the bucket has nothing of its journal entry yet, which the script knows.
//
// What it costs: `node_modules/.bin/node bench/redis-projections.ts`.

import type { Notification } from '../../../contracts/notifications.ts';
import {
  type Missing,
  type OrderChange,
  type OrderChanges,
  orderNotification,
  type ReadModels,
  type RestoreOptions,
} from '../../ports/read-models.ts';
import { BucketCalls } from './bucket-calls.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { DropStandings } from './drop-standings.ts';
import { packNotification, packOrderOnly } from './order-members.ts';
import { allDone, RedisProjection } from './projection-redis.ts';
import { restoreRedis } from './restore-redis.ts';

/** A row of the append, and when all of its batch happened. */
interface Source {
  readonly change: OrderChange;
  readonly time: number;
}

export class RedisReadModels implements ReadModels {
  readonly #redis: RedisConnection;
  readonly #projection: RedisProjection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
    this.#projection = new RedisProjection({ redis: options.redis, lists: ['feed', 'orders'] });
  }

  position(shard: number): Promise<number> {
    return this.#projection.position(shard);
  }

  /**
   * In the answer are notifications that this call added: those that an earlier one, ended half
   * way, or another owner of the shard had added already are not.
   */
  async store(
    batches: readonly OrderChanges[],
    hasListener: (userId: string) => boolean,
  ): Promise<Notification[]> {
    const added: Notification[] = [];
    await this.#projection.take(batches, async (portion) => {
      const sources: Source[] = [];
      const ids = await this.#write(portion, sources);
      for (let i = 0; i < sources.length; i++) {
        const { change, time } = sources[i]!;
        const { order, notificationType, refundRequested } = change;
        if (ids[i] === 0 || notificationType === null || !hasListener(order.userId)) continue;
        const notification = orderNotification(notificationType, order, refundRequested, time);
        added.push({ ...notification, id: String(ids[i]), readAt: null });
      }
    });
    return added;
  }

  restore(options: RestoreOptions): Promise<Missing[]> {
    return restoreRedis(this.#redis, options);
  }

  /** Gives the id of each row's notification, 0 where none was added; `sources` gets the rows. */
  async #write(portion: readonly OrderChanges[], sources: Source[]): Promise<number[]> {
    const calls = new BucketCalls();
    const standings = new DropStandings();
    for (const { shard, sequence, time, rows } of portion) {
      for (const change of rows) {
        const { order, notificationType, refundRequested } = change;
        const row =
          notificationType === null
            ? packOrderOnly(order)
            : packNotification(notificationType, refundRequested, time, order);
        calls.add(order.userId, shard, sequence, row);
        standings.add(order, sequence);
        sources.push({ change, time });
      }
    }
    const [ids] = await allDone([
      allDone(calls.send(this.#redis)),
      allDone(standings.send(this.#redis)),
    ]);
    return calls.ids(ids!);
  }
}
