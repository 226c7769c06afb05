// The scripts of outgoing webhooks on Redis, and the names of their keys. Creators are spread over
// buckets; all keys of a bucket share a hash tag, so that each change is one script. Of a bucket: a
// hash of its webhooks as JSON, its revision, those that lack entries, and a set of ids for each
// creator. Of a webhook: what it has taken of each shard, while it is fed, and its deliveries.

import { bucketOfWebhook, webhookBucket } from '../../../domain/webhook-ids.ts';
import { Script } from '../connection/script.ts';

export interface BucketKeys {
  readonly rows: string;
  readonly revision: string;
  /** A set of the ids of webhooks that lack entries. */
  readonly behind: string;
  /** A sorted set of the webhooks in which deliveries wait, by how many. */
  readonly waiting: string;
  /** A set of the ids of webhooks that are fed. */
  readonly feeding: string;
}

export function bucketKeys(bucket: number): BucketKeys {
  const tag = tagOf(bucket);
  return {
    rows: `${tag}:rows`,
    revision: `${tag}:revision`,
    behind: `${tag}:behind`,
    waiting: `${tag}:waiting`,
    feeding: `${tag}:feeding`,
  };
}

export function creatorKey(creatorId: string): string {
  return `${tagOf(webhookBucket(creatorId))}:of:${creatorId}`;
}

export interface WebhookKeys extends BucketKeys {
  /**
   * Fields: a shard, with the last entry taken; `from:` and a shard, `to:` and a shard, with the
   * entries that are lacking. Absent: closed.
   */
  readonly feed: string;
  /** How many deliveries were made. */
  readonly given: string;
  /** Deliveries as JSON, by their numbers. */
  readonly deliveries: string;
  readonly bodies: string;
  /** Numbers of those that wait, those that were sent, and those that failed, by number. */
  readonly ofWaiting: string;
  readonly ofSent: string;
  readonly ofFailed: string;
  /** All numbers, by number. */
  readonly all: string;
  /** Numbers of those that are over, by when. */
  readonly finished: string;
}

/** Null where it is no id of a webhook. */
export function webhookKeys(id: string): WebhookKeys | null {
  const bucket = bucketOfWebhook(id);
  if (bucket === null) return null;
  const of = (name: string) => `${tagOf(bucket)}:${name}:${id}`;
  return {
    ...bucketKeys(bucket),
    feed: of('feed'),
    given: of('given'),
    deliveries: of('deliveries'),
    bodies: of('bodies'),
    ofWaiting: of('of-waiting'),
    ofSent: of('of-sent'),
    ofFailed: of('of-failed'),
    all: of('all'),
    finished: of('finished'),
  };
}

function tagOf(bucket: number): string {
  return `{webhooks:${String(bucket).padStart(2, '0')}}`;
}

/** KEYS of all scripts about one webhook, in the order that `FUNCTIONS` names them. */
export function scriptKeys(keys: WebhookKeys, creator = ''): string[] {
  return [
    keys.rows,
    keys.revision,
    keys.behind,
    keys.waiting,
    keys.feeding,
    keys.feed,
    keys.given,
    keys.deliveries,
    keys.bodies,
    keys.ofWaiting,
    keys.ofSent,
    keys.ofFailed,
    keys.all,
    keys.finished,
    // In the slot of the others also where no creator matters.
    creator === '' ? keys.rows : creator,
  ];
}

const FUNCTIONS = `
  local rows, revision, behind, counts, feeding, feed, given, deliveries, bodies, of_waiting,
    of_sent, of_failed, all, finished, of_creator = unpack(KEYS)
  local function count(id)
    local waiting = redis.call('ZCARD', of_waiting)
    if waiting > 0 then redis.call('ZADD', counts, waiting, id)
    else redis.call('ZREM', counts, id) end
  end
  local function append(delivery, body)
    local number = redis.call('INCR', given)
    redis.call('HSET', deliveries, number, delivery)
    redis.call('HSET', bodies, number, body)
    redis.call('ZADD', of_waiting, number, number)
    redis.call('ZADD', all, number, number)
    return number
  end
  local function append_from(first, id)
    for i = first, #ARGV, 2 do append(ARGV[i], ARGV[i + 1]) end
    if first <= #ARGV then count(id) end
  end
  local function close(id)
    redis.call('DEL', feed)
    redis.call('SREM', behind, id)
    redis.call('SREM', feeding, id)
  end
  local function open_from(first, id)
    close(id)
    redis.call('SADD', feeding, id)
    redis.call('HSET', feed, 'open', 1)
    for i = first, #ARGV do redis.call('HSET', feed, i - first, ARGV[i]) end
  end
  local function drop(number)
    redis.call('HDEL', deliveries, number)
    redis.call('HDEL', bodies, number)
    for _, key in ipairs({of_waiting, of_sent, of_failed, all, finished}) do
      redis.call('ZREM', key, number)
    end
  end`;

/** ARGV: id, JSON, the two bounds, then the start of the feed by shard. */
export const ADD = new Script(`${FUNCTIONS}
  if redis.call('SCARD', of_creator) >= tonumber(ARGV[3]) then return 0 end
  if redis.call('HLEN', rows) >= tonumber(ARGV[4]) then return 0 end
  redis.call('HSET', rows, ARGV[1], ARGV[2])
  redis.call('SADD', of_creator, ARGV[1])
  open_from(5, ARGV[1])
  redis.call('INCR', revision)
  return 1
`);

/** ARGV: id, JSON, the revision before, `keep`, `close` or `open`, then the feed's start. */
export const REPLACE = new Script(`${FUNCTIONS}
  local stored = redis.call('HGET', rows, ARGV[1])
  if not stored or cjson.decode(stored).revision ~= tonumber(ARGV[3]) then return 0 end
  redis.call('HSET', rows, ARGV[1], ARGV[2])
  if ARGV[4] == 'close' then close(ARGV[1]) end
  if ARGV[4] == 'open' then open_from(5, ARGV[1]) end
  redis.call('INCR', revision)
  return 1
`);

/** ARGV: id. */
export const REMOVE = new Script(`${FUNCTIONS}
  if redis.call('HDEL', rows, ARGV[1]) == 0 then return 0 end
  redis.call('SREM', of_creator, ARGV[1])
  close(ARGV[1])
  redis.call('ZREM', counts, ARGV[1])
  for i = 7, 14 do redis.call('DEL', KEYS[i]) end
  redis.call('INCR', revision)
  return 1
`);

/** ARGV: id, shard, sequence, the bound, then a delivery and its body, and so on. */
export const FEED = new Script(`${FUNCTIONS}
  local id, shard, sequence = ARGV[1], ARGV[2], tonumber(ARGV[3])
  if redis.call('EXISTS', feed) == 0 then return 'closed' end
  if sequence <= tonumber(redis.call('HGET', feed, shard) or 0) then return 'known' end
  local from = redis.call('HGET', feed, 'from:' .. shard)
  if from or redis.call('ZCARD', of_waiting) >= tonumber(ARGV[4]) then
    local to = tonumber(redis.call('HGET', feed, 'to:' .. shard) or 0)
    redis.call('HSET', feed, 'from:' .. shard, from or sequence - 1)
    redis.call('HSET', feed, 'to:' .. shard, math.max(to, sequence))
    redis.call('SADD', behind, id)
    return 'behind'
  end
  redis.call('HSET', feed, shard, sequence)
  append_from(5, id)
  return 'taken'
`);

/** ARGV: as of FEED. */
export const CATCH_UP = new Script(`${FUNCTIONS}
  local id, shard, sequence = ARGV[1], ARGV[2], tonumber(ARGV[3])
  if redis.call('EXISTS', feed) == 0 then return 'closed' end
  local from = redis.call('HGET', feed, 'from:' .. shard)
  if not from or sequence <= tonumber(from) then return 'known' end
  if #ARGV > 4 and redis.call('ZCARD', of_waiting) >= tonumber(ARGV[4]) then return 'full' end
  append_from(5, id)
  if sequence > tonumber(redis.call('HGET', feed, shard) or 0) then
    redis.call('HSET', feed, shard, sequence)
  end
  if sequence < tonumber(redis.call('HGET', feed, 'to:' .. shard)) then
    redis.call('HSET', feed, 'from:' .. shard, sequence)
    return 'taken'
  end
  redis.call('HDEL', feed, 'from:' .. shard, 'to:' .. shard)
  for _, field in ipairs(redis.call('HKEYS', feed)) do
    if string.sub(field, 1, 5) == 'from:' then return 'done' end
  end
  redis.call('SREM', behind, id)
  return 'done'
`);

/** ARGV: id, the bound, the delivery, its body. Answers its number; 0: closed, or full. */
export const SEND = new Script(`${FUNCTIONS}
  if redis.call('EXISTS', feed) == 0 then return 0 end
  if redis.call('ZCARD', of_waiting) >= tonumber(ARGV[2]) then return 0 end
  local number = append(ARGV[3], ARGV[4])
  count(ARGV[1])
  return number
`);

/**
 * ARGV: id, how many finished ones stay, the time before which they are removed, then for each
 * delivery its number, JSON, the revision before, its state, and when it was over or nothing.
 */
export const SETTLE = new Script(`${FUNCTIONS}
  local sets = {waiting = of_waiting, sent = of_sent, failed = of_failed}
  local replaced = {}
  for i = 4, #ARGV, 5 do
    local number, json, before, state, over = unpack(ARGV, i, i + 4)
    local stored = redis.call('HGET', deliveries, number)
    if stored and cjson.decode(stored).revision == tonumber(before) then
      redis.call('HSET', deliveries, number, json)
      for name, key in pairs(sets) do
        if name == state then redis.call('ZADD', key, number, number)
        else redis.call('ZREM', key, number) end
      end
      if over == '' then redis.call('ZREM', finished, number)
      else redis.call('ZADD', finished, over, number) end
      replaced[#replaced + 1] = 1
    else
      replaced[#replaced + 1] = 0
    end
  end
  local old = redis.call('ZRANGEBYSCORE', finished, '-inf', '(' .. ARGV[3])
  for _, number in ipairs(old) do drop(number) end
  local beyond = redis.call('ZCARD', finished) - tonumber(ARGV[2])
  if beyond > 0 then
    for _, number in ipairs(redis.call('ZRANGE', finished, 0, beyond - 1)) do drop(number) end
  end
  count(ARGV[1])
  return replaced
`);
