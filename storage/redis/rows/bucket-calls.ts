// Adds rows to users' feeds with one script call for each bucket of an append. A row is a text. A
// notification of an order carries the whole order (`order-members.ts`), so a row also lists that
// version of the order. The script writes the orders into the user's list only each time the feed
// has grown by a block of rows. Until then, readers of the list also read the newest rows of the
// feed.
//
// Writing each order into both, and each order's standing as a field of its own
// (`drop-standings.ts`), cost redis-server 24 CPU microseconds an order. This costs 14, and 1 of 16
// less in this process (`node_modules/.bin/node bench/probes/redis-projections.ts`, medians of
// alternating runs).

import type { RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { BUCKETS, bucketOf, feedKey, feedPositionsKey, ordersKey } from './user-buckets.ts';

/**
 * Part of the stored format. Fewer than this many rows at the end of a feed may have orders that
 * are not in the user's list.
 */
export const BLOCK_ROWS = 64;
/** The first character of a row without a notification: the order goes into the list only. */
export const ORDER_ONLY = '-';

const NUMBERS_OF_A_BATCH = 3;

/**
 * Keys: the bucket's positions; the feed and the order list of each row's user. Arguments: the
 * number of batches; shard, sequence and number of rows for each; then the rows. Answers the id of
 * each row in its feed, 0 for a row that was not added. A row is added to the feed if the bucket
 * has no rows of its journal entry yet. A row without a notification is added to the list each
 * time, which is idempotent.
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
  /** Shard, sequence and number of rows alternate. */
  readonly batches: number[];
  readonly rows: string[];
  /** The index of each row in the append. */
  readonly places: number[];
}

/** Runs for every order once it is durable, so it has plain loops. */
export class BucketCalls {
  readonly #calls: BucketCall[] = [];
  readonly #byBucket = new Array<BucketCall | undefined>(BUCKETS).fill(undefined);
  #rows = 0;

  /** Add the rows of one batch after the other. */
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

  /** The id of each row from the answers, in the order of adding; 0 for a row not added. */
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
