// Fills the order lists and the feed on Redis, for the reads of `RedisOrderListStore` and
// `RedisFeedStore`. A notification and its order are one row of the feed (`bucket-calls.ts`). A
// change without a notification goes into the order list.
//
// Adding a version of an order to its list is idempotent. The script adds a row to a feed only if
// the bucket has no rows of its journal entry yet.
//
// Its cost: `node_modules/.bin/node bench/probes/redis-projections.ts`.

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

/** A row of the append, and the time of its batch. */
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
   * Resolves to the notifications that this call added, without those that an earlier call or
   * another owner of the shard had added already.
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

  /** Resolves to the id of each row's notification, 0 if not added. Adds rows to `sources`. */
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
