// Adds rows to users' feeds: one script call for each bucket that an append touches. A row is a
// text; one that tells of an order carries the order whole (`order-members.ts`), and is also what
// the order's version is listed by: only each time a feed has grown by a block of rows are their
// orders written into the user's list. Until then whoever reads the list looks at the newest rows
// of the feed as well.
//
// Writing each order into both, and each order's standing as a field of its own
// (`drop-standings.ts`), cost redis-server 24 CPU microseconds an order; this costs 14, and 1 of 16
// less here (`node_modules/.bin/node bench/redis-projections.ts`, medians of runs in turns).

import type { RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { BUCKETS, bucketOf, feedKey, feedPositionsKey, ordersKey } from './user-buckets.ts';

/**
 * Part of the stored format: the orders of the last rows of a feed, fewer than these, may not be in
 * the user's list.
 */
export const BLOCK_ROWS = 64;
/** Before the time of ordering and the order: the row goes into the list, and tells nothing. */
export const ORDER_ONLY = '-';

const NUMBERS_OF_A_BATCH = 3;

/**
 * Keys: the bucket's positions; the feed and the list of orders of each row's user. Arguments: how
 * many batches; shard, sequence and number of rows for each; then the rows. Answers with the id of
 * each row in its feed, 0 where none was added: a row of the feed is added when the bucket has
 * nothing of its journal entry yet. One that tells nothing is added to the list however often it
 * comes, which is once and for all.
 */
const APPEND = new Script(`
  local function list_block(feed, orders)
    local members = {}
    for _, row in ipairs(redis.call('LRANGE', feed, -${BLOCK_ROWS}, -1)) do
      local notified, placed, order = string.match(row, '^%a+ (%w+):(%w*) (.*)$')
      if order then
        members[#members + 1] = tonumber(placed == '' and notified or placed, 36)
        members[#members + 1] = order
      end
    end
    if #members > 0 then redis.call('ZADD', orders, unpack(members)) end
  end
  local arg = 1 + ${NUMBERS_OF_A_BATCH} * tonumber(ARGV[1])
  local ids, key, shard, position, reached = {}, 2, nil, 0, nil
  for b = 2, arg, ${NUMBERS_OF_A_BATCH} do
    if ARGV[b] ~= shard then
      if reached then redis.call('HSET', KEYS[1], shard, reached) end
      shard, reached = ARGV[b], nil
      position = tonumber(redis.call('HGET', KEYS[1], shard) or '0')
    end
    local fresh = tonumber(ARGV[b + 1]) > position
    if fresh then
      reached = ARGV[b + 1]
      position = tonumber(reached)
    end
    for _ = 1, tonumber(ARGV[b + 2]) do
      arg = arg + 1
      local row, id = ARGV[arg], 0
      if string.byte(row) == ${ORDER_ONLY.charCodeAt(0)} then
        local space = string.find(row, ' ', 2, true)
        redis.call('ZADD', KEYS[key + 1], string.sub(row, 2, space - 1), string.sub(row, space + 1))
      elseif fresh then
        id = redis.call('RPUSH', KEYS[key], row)
        if id % ${BLOCK_ROWS} == 0 then list_block(KEYS[key], KEYS[key + 1]) end
      end
      ids[#ids + 1] = id
      key = key + 2
    end
  end
  if reached then redis.call('HSET', KEYS[1], shard, reached) end
  return ids
`);

interface BucketCall {
  readonly keys: string[];
  /** Shard, sequence and number of rows, in turns. */
  readonly batches: number[];
  readonly rows: string[];
  /** Where each row stands in the append. */
  readonly places: number[];
}

/** On the path of every order, once it is durable: plain loops. */
export class BucketCalls {
  readonly #calls: BucketCall[] = [];
  readonly #byBucket = new Array<BucketCall | undefined>(BUCKETS).fill(undefined);
  #rows = 0;

  /** Batches come one after the other. */
  add(userId: string, shard: number, sequence: number, row: string): void {
    const bucket = bucketOf(userId);
    let call = this.#byBucket[bucket];
    if (call === undefined) {
      call = { keys: [feedPositionsKey(bucket)], batches: [], rows: [], places: [] };
      this.#byBucket[bucket] = call;
      this.#calls.push(call);
    }
    const { batches } = call;
    const last = batches.length - 1;
    if (batches[last - 1] === sequence && batches[last - 2] === shard) batches[last]! += 1;
    else batches.push(shard, sequence, 1);
    call.keys.push(feedKey(bucket, userId), ordersKey(bucket, userId));
    call.rows.push(row);
    call.places.push(this.#rows);
    this.#rows += 1;
  }

  send(redis: RedisConnection): Promise<unknown>[] {
    return this.#calls.map(({ keys, batches, rows }) =>
      APPEND.run(redis, keys, [batches.length / NUMBERS_OF_A_BATCH, ...batches, ...rows]),
    );
  }

  /** From the answers, the id of each row in the order of adding; 0 where none was added. */
  ids(answers: readonly unknown[]): number[] {
    const ids = new Array<number>(this.#rows).fill(0);
    for (let c = 0; c < this.#calls.length; c++) {
      const { places } = this.#calls[c]!;
      const idsOfCall = answers[c] as number[];
      for (let i = 0; i < places.length; i++) ids[places[i]!] = idsOfCall[i]!;
    }
    return ids;
  }
}
