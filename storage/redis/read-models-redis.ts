// Fills the order lists and the feed on Redis: one script call for all that an append has for a
// bucket of users. What it writes is what `RedisOrderListStore` and `RedisFeedStore` read; an order
// and what its buyer is told of it are one text, sent once.
//
// A version of an order is added to its list once and for all, however often it comes. A row of a
// feed is added when the bucket has nothing of its journal entry yet, which the script knows.
//
// What it costs: `node_modules/.bin/node bench/redis-projections.ts`.

import type { Notification } from '../feed.ts';
import {
  type OrderChange,
  type OrderChanges,
  orderNotification,
  type ReadModels,
} from '../read-models.ts';
import { type BucketCall, BucketCalls } from './bucket-calls.ts';
import type { RedisConnection } from './connection.ts';
import { DropStandings } from './drop-standings.ts';
import { packOrder, packTold } from './order-members.ts';
import { allDone, inOneWrite, RedisProjection } from './projection-redis.ts';
import { Script } from './script.ts';
import { feedKey, ordersKey } from './user-buckets.ts';

const SHARD_AND_SEQUENCE_AND_ROWS = 3;

/**
 * Keys: the bucket's positions; the list of orders and the feed of each row's user. Arguments: how
 * many batches; shard, sequence and number of rows for each; then when the order was placed, the
 * order, and what stands before it in the feed (nothing: not told) for each row. Answers with the
 * id of each row's notification, 0 where none was added.
 */
const KEEP = new Script(`
  local arg = 2 + 3 * tonumber(ARGV[1])
  local ids, key, shard, position, reached = {}, 2, nil, 0, nil
  for b = 2, arg - 1, 3 do
    if ARGV[b] ~= shard then
      if reached then redis.call('HSET', KEYS[1], shard, reached) end
      shard, reached = ARGV[b], nil
      position = tonumber(redis.call('HGET', KEYS[1], shard) or '0')
    end
    local sequence = tonumber(ARGV[b + 1])
    local fresh = sequence > position
    if fresh then position, reached = sequence, ARGV[b + 1] end
    for _ = 1, tonumber(ARGV[b + 2]) do
      local order, told, id = ARGV[arg + 1], ARGV[arg + 2], 0
      redis.call('ZADD', KEYS[key], ARGV[arg], order)
      if fresh and told ~= '' then id = redis.call('RPUSH', KEYS[key + 1], told .. order) end
      ids[#ids + 1] = id
      key, arg = key + 2, arg + 3
    end
  end
  if reached then redis.call('HSET', KEYS[1], shard, reached) end
  return ids
`);

/** What one append has for one bucket. */
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
  async keep(
    batches: readonly OrderChanges[],
    wants: (userId: string) => boolean,
  ): Promise<Notification[]> {
    const kept: Notification[] = [];
    await this.#projection.take(batches, async (portion) => {
      const sources: Source[] = [];
      const ids = await this.#write(portion, sources);
      for (let i = 0; i < sources.length; i++) {
        const { change, time } = sources[i]!;
        const { order, told, refundRequested } = change;
        if (ids[i] === 0 || told === null || !wants(order.userId)) continue;
        const notification = orderNotification(told, order, refundRequested, time);
        kept.push({ ...notification, id: String(ids[i]), readAt: null });
      }
    });
    return kept;
  }

  /** Gives the id of each row's notification, 0 where none was added. */
  async #write(portion: readonly OrderChanges[], sources: Source[]): Promise<number[]> {
    const standings = new DropStandings();
    const calls = bucketCalls(portion, sources);
    for (const { change } of sources) standings.add(change.order);
    const [answers, standingAnswers] = inOneWrite(this.#redis, () => [
      calls.map(({ keys, batches, rows }) => {
        const count = batches.length / SHARD_AND_SEQUENCE_AND_ROWS;
        return KEEP.run(this.#redis, keys, [count, ...batches, ...rows]);
      }),
      standings.send(this.#redis),
    ]);
    const [idsOfCalls] = await allDone([allDone(answers), allDone(standingAnswers)]);
    const ids = new Array<number>(sources.length).fill(0);
    for (let c = 0; c < calls.length; c++) {
      const { places } = calls[c]!;
      const idsOfCall = idsOfCalls![c] as number[];
      for (let i = 0; i < places.length; i++) ids[places[i]!] = idsOfCall[i]!;
    }
    return ids;
  }
}

/**
 * The calls of a portion; `sources` gets its rows in order. On the path of every order, once it is
 * durable: plain loops.
 */
function bucketCalls(portion: readonly OrderChanges[], sources: Source[]): BucketCall[] {
  const calls = new BucketCalls();
  for (const { shard, sequence, time, rows } of portion) {
    for (const change of rows) {
      const { order, told, refundRequested } = change;
      const call = calls.for(order.userId, shard, sequence);
      const { bucket } = call;
      call.keys.push(ordersKey(bucket, order.userId), feedKey(bucket, order.userId));
      const before = told === null ? '' : packTold(told, refundRequested, time);
      call.rows.push(order.createdAt, packOrder(order), before);
      call.places.push(sources.length);
      sources.push({ change, time });
    }
  }
  return calls.all;
}
