// Kept answers to requests on Redis (H11). The script that changes an entity keeps the answer too:
// `onceOnly` wraps it, and the answers are in the slot of the entity: that of its bucket, or of the
// jobs, the parked refunds or the placement. Where a value is kept without an entity, the caller
// chooses the bucket.
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
import {
  changeBucketOf,
  REQUEST_PLACES,
  type RequestPlace,
  requestKeys,
} from './catalogue-keys.ts';

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
  local text = table.concat({'${FORMAT}', finish, fingerprint, caller, value}, ' ')
  redis.call('HSET', keys.answers, id, text)
  count(keys, caller, size_of(text))
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

/** KEYS: answers, ends, bytes. ARGV: id, value. */
const REMOVE = new Script(`${FUNCTIONS}
local keys = {answers = KEYS[1], ends = KEYS[2], bytes = KEYS[3]}
local kept = find(keys, ARGV[1], now_ms())
if not kept then return 0 end
local _, _, _, value = parts_of(kept)
if value ~= ARGV[2] then return 0 end
forget(keys, ARGV[1])
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

/**
 * As `answeredOf`, of an effect that answers 1 where it was done, and otherwise changed nothing.
 */
export function answerOfOnce(answer: unknown, value: string): Answered<string | null> {
  const answered = answeredOf(answer);
  if (answered.result !== 'new') return answered as Answered<string>;
  return { result: 'new', value: answered.value === 1 ? value : null };
}

export interface RedisRequestsOptions {
  readonly redis: RedisConnection;
  readonly bounds?: Partial<RequestBounds> | undefined;
  /** Of `find`, `keep` and `remove`; absent: the bucket of the caller. */
  readonly place?: RequestPlace;
}

export class RedisRequests implements RequestLog {
  readonly #redis: RedisConnection;
  readonly #bounds: RequestBounds;
  readonly #place: RequestPlace | null;

  constructor({ redis, bounds, place }: RedisRequestsOptions) {
    this.#redis = redis;
    this.#place = place ?? null;
    this.#bounds = { ...REQUEST_BOUNDS, ...bounds };
  }

  async keep(request: KeyedRequest, value: string): Promise<Answered<string>> {
    const { keys, args } = this.partOf(request, this.#placeOf(request), value);
    const answered = answeredOf(await KEEP.run(this.#redis, keys, args));
    return answered.result === 'new' ? { result: 'new', value } : (answered as Answered<string>);
  }

  remove(request: KeyedRequest, value: string): Promise<boolean> {
    return this.removeIn(this.#placeOf(request), request, value);
  }

  /** Removes the value that is kept in the place; false where another or none is. */
  async removeIn(place: RequestPlace, { id }: KeyedRequest, value: string): Promise<boolean> {
    const { answers, ends, bytes } = requestKeys(place);
    return (await REMOVE.run(this.#redis, [answers, ends, bytes], [id, value])) === 1;
  }

  find(request: KeyedRequest): Promise<Kept<string> | null> {
    return this.findIn(this.#placeOf(request), request);
  }

  /** What is kept for the request in the place; null where nothing is. */
  async findIn(
    place: RequestPlace,
    { id, fingerprint }: KeyedRequest,
  ): Promise<Kept<string> | null> {
    const { answers, ends, bytes } = requestKeys(place);
    const found = await FIND.run(this.#redis, [answers, ends, bytes], [id]);
    if (found === null) return null;
    const [known, value] = found as [string, string];
    return known === fingerprint ? { result: 'repeated', value } : { result: 'reused' };
  }

  /** Runs a wrapped script of this place, whose effect answers 1 where it was done. */
  async once(
    script: Script,
    request: KeyedRequest,
    { keys, args }: { readonly keys: readonly string[]; readonly args: readonly ScriptArgument[] },
    answer: string,
  ): Promise<Answered<string | null>> {
    const kept = this.partOf(request, this.#placeOf(request), answer);
    return answerOfOnce(
      await script.run(this.#redis, [...keys, ...kept.keys], [...args, ...kept.args]),
      answer,
    );
  }

  /** The keys and arguments that follow those of a wrapped script, in the slot of the place. */
  partOf(
    { id, fingerprint, callerId }: KeyedRequest,
    place: RequestPlace,
    value: string,
  ): { readonly keys: readonly string[]; readonly args: readonly ScriptArgument[] } {
    const { answers, ends, bytes } = requestKeys(place);
    const { lifetimeMs, bytesMax, callerBytesMax } = this.#bounds;
    return {
      keys: [answers, ends, bytes],
      args: [
        id,
        fingerprint,
        callerId,
        value,
        Math.ceil(bytesMax / REQUEST_PLACES),
        Math.ceil(callerBytesMax / REQUEST_PLACES),
        lifetimeMs,
      ],
    };
  }

  #placeOf({ callerId }: KeyedRequest): RequestPlace {
    return this.#place ?? changeBucketOf(callerId);
  }
}
