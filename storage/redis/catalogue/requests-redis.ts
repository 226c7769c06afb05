// Kept answers to requests on Redis (H11). The script that changes an entity keeps the answer too:
// `onceOnly` wraps it, and the answers of a bucket are in the bucket's slot. Where a value is
// kept without an entity, the caller chooses the bucket.
//
// An answer is one text: the version of the format, the end, the fingerprint, the caller, and the
// value, with spaces between. Each kept answer removes some that have ended, so a bucket needs no
// expiry of keys, and its bytes are counted exactly.

import type { KeyedRequest } from '../../../contracts/requests.ts';
import {
  type Answered,
  type Kept,
  REQUEST_BOUNDS,
  REQUEST_OVERHEAD_BYTES,
  type RequestBounds,
  type RequestLog,
} from '../../ports/requests.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import { CHANGE_BUCKETS, changeBucketOf, requestKeys } from './catalogue-keys.ts';

const FORMAT = 'r1';
/** Ended answers removed with each kept one: more than one, so that a rush is forgotten again. */
const REMOVED_WITH_EACH = 8;

/** `keys` are those of `RequestKeys`. */
const FUNCTIONS = `
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function parts_of(kept)
  local finish, fingerprint, caller, value =
    kept:match('^${FORMAT} (%d+) (%S+) (%S+) (.*)$')
  return tonumber(finish), fingerprint, caller, value
end
local function count(keys, caller, size)
  redis.call('HINCRBY', keys.bytes, '', size)
  if redis.call('HINCRBY', keys.bytes, caller, size) == 0 then
    redis.call('HDEL', keys.bytes, caller)
  end
end
local function size_of(kept) return #kept + ${REQUEST_OVERHEAD_BYTES} end
local function forget(keys, id)
  local kept = redis.call('HGET', keys.answers, id)
  redis.call('ZREM', keys.ends, id)
  if not kept then return end
  local _, _, caller = parts_of(kept)
  redis.call('HDEL', keys.answers, id)
  count(keys, caller, -size_of(kept))
end
local function put(keys, id, kept, caller, before)
  redis.call('HSET', keys.answers, id, kept)
  count(keys, caller, size_of(kept) - before)
end
local function find(keys, id, now)
  local kept = redis.call('HGET', keys.answers, id)
  if not kept then return nil end
  if parts_of(kept) > now then return kept end
  forget(keys, id)
  return nil
end`;

/**
 * KEYS: answers, ends, bytes. ARGV: id, fingerprint, caller, value, most bytes, most bytes of a
 * caller, lifetime. They follow the effect's own keys and arguments. Answers `repeated` and the
 * value, `reused`, `no-room` with 1 where the caller has none and the milliseconds, or `new` and
 * what the effect answered.
 */
function onceOnly(effect: string, isDone: string): string {
  return `${FUNCTIONS}
local function effect()
${effect}
end
local keys = {answers = KEYS[#KEYS - 2], ends = KEYS[#KEYS - 1], bytes = KEYS[#KEYS]}
local id, fingerprint, caller, value = ARGV[#ARGV - 6], ARGV[#ARGV - 5], ARGV[#ARGV - 4],
  ARGV[#ARGV - 3]
local all_max, caller_max, lifetime = tonumber(ARGV[#ARGV - 2]), tonumber(ARGV[#ARGV - 1]),
  tonumber(ARGV[#ARGV])
local now = now_ms()
local over = redis.call('ZRANGE', keys.ends, '-inf', now, 'BYSCORE',
  'LIMIT', 0, ${REMOVED_WITH_EACH})
for _, old in ipairs(over) do forget(keys, old) end
local kept = find(keys, id, now)
if kept then
  local _, known, _, first = parts_of(kept)
  if known ~= fingerprint then return {'reused'} end
  return {'repeated', first}
end
local caller_full = tonumber(redis.call('HGET', keys.bytes, caller) or '0') >= caller_max
if caller_full or tonumber(redis.call('HGET', keys.bytes, '') or '0') >= all_max then
  local oldest = redis.call('ZRANGE', keys.ends, 0, 0, 'WITHSCORES')
  return {'no-room', caller_full and 1 or 0, math.max(1, tonumber(oldest[2] or now) - now)}
end
local result = effect()
if ${isDone} then
  local finish = string.format('%.0f', now + lifetime)
  redis.call('ZADD', keys.ends, finish, id)
  put(keys, id, table.concat({'${FORMAT}', finish, fingerprint, caller, value}, ' '), caller, 0)
end
return {'new', result}`;
}

const KEEP = new Script(onceOnly('return 1', 'true'));

/** KEYS: answers, ends, bytes. ARGV: id. Answers fingerprint and value, or nothing. */
const FIND = new Script(`${FUNCTIONS}
local keys = {answers = KEYS[1], ends = KEYS[2], bytes = KEYS[3]}
local kept = find(keys, ARGV[1], now_ms())
if not kept then return nil end
local _, fingerprint, _, value = parts_of(kept)
return {fingerprint, value}`);

/** KEYS: answers, ends, bytes. ARGV: id, from, and to unless it is removed. */
const REPLACE = new Script(`${FUNCTIONS}
local keys = {answers = KEYS[1], ends = KEYS[2], bytes = KEYS[3]}
local id, now = ARGV[1], now_ms()
local kept = find(keys, id, now)
if not kept then return 0 end
local finish, fingerprint, caller, value = parts_of(kept)
if value ~= ARGV[2] then return 0 end
if not ARGV[3] then
  forget(keys, id)
  return 1
end
local text = {'${FORMAT}', string.format('%.0f', finish), fingerprint, caller, ARGV[3]}
put(keys, id, table.concat(text, ' '), caller, size_of(kept))
return 1`);

/**
 * The script of an effect that happens at most once for a request. `isDone`: in Lua, whether
 * `result` of the effect is no refusal.
 */
export function onceScript(effect: Script, isDone: string): Script {
  return new Script(onceOnly(effect.lua, isDone));
}

/** What a wrapped script answered; of an effect that happened now, what that answered. */
export function answeredOf(answer: unknown): Answered<unknown> {
  const [result, first, second] = answer as [Answered<unknown>['result'], unknown, number];
  if (result === 'reused') return { result };
  if (result !== 'no-room') return { result, value: first };
  return { result, ofCaller: first === 1, retryAfterMs: second };
}

export interface RedisRequestsOptions {
  readonly redis: RedisConnection;
  readonly bounds?: Partial<RequestBounds> | undefined;
}

export class RedisRequests implements RequestLog {
  readonly #redis: RedisConnection;
  readonly #bounds: RequestBounds;

  constructor({ redis, bounds }: RedisRequestsOptions) {
    this.#redis = redis;
    this.#bounds = { ...REQUEST_BOUNDS, ...bounds };
  }

  async keep(request: KeyedRequest, value: string): Promise<Answered<string>> {
    const { keys, args } = this.partOf(request, changeBucketOf(request.callerId), value);
    const answered = answeredOf(await KEEP.run(this.#redis, keys, args));
    return answered.result === 'new' ? { result: 'new', value } : (answered as Answered<string>);
  }

  async replace(request: KeyedRequest, from: string, to: string | null): Promise<boolean> {
    const { answers, ends, bytes } = requestKeys(changeBucketOf(request.callerId));
    const args = [request.id, from, ...(to === null ? [] : [to])];
    return (await REPLACE.run(this.#redis, [answers, ends, bytes], args)) === 1;
  }

  find(request: KeyedRequest): Promise<Kept<string> | null> {
    return this.findIn(changeBucketOf(request.callerId), request);
  }

  /** What is kept for the request in the bucket; null where nothing is. */
  async findIn(bucket: number, { id, fingerprint }: KeyedRequest): Promise<Kept<string> | null> {
    const { answers, ends, bytes } = requestKeys(bucket);
    const found = await FIND.run(this.#redis, [answers, ends, bytes], [id]);
    if (found === null) return null;
    const [known, value] = found as [string, string];
    return known === fingerprint ? { result: 'repeated', value } : { result: 'reused' };
  }

  /** The keys and arguments that follow those of a wrapped script, in the slot of the bucket. */
  partOf(
    { id, fingerprint, callerId }: KeyedRequest,
    bucket: number,
    value: string,
  ): { readonly keys: readonly string[]; readonly args: readonly ScriptArgument[] } {
    const { answers, ends, bytes } = requestKeys(bucket);
    const { lifetimeMs, bytesMax, callerBytesMax } = this.#bounds;
    return {
      keys: [answers, ends, bytes],
      args: [
        id,
        fingerprint,
        callerId,
        value,
        Math.ceil(bytesMax / CHANGE_BUCKETS),
        Math.ceil(callerBytesMax / CHANGE_BUCKETS),
        lifetimeMs,
      ],
    };
  }
}
