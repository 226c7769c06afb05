// Parked refunds on Redis: one hash of all refunds as JSON, and sorted sets of their ids: all by
// time, those of each state by time, and those that are attempted by themselves by their next
// attempt. All keys share a hash tag, and each change is one script.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { REFUND_STATES } from '../../../contracts/refund-states.ts';
import type { ParkedRefund, RefundState } from '../../../contracts/refunds.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { decodeParkedRefund, encodeParkedRefund } from '../../formats/parked-refund.ts';
import { PARKED_REFUNDS_MAX, type ParkedRefunds } from '../../ports/parked-refunds.ts';
import type { Answered } from '../../ports/requests.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import { onceScript, RedisRequests } from './requests-redis.ts';

const ROWS = '{refunds}:rows';
const ALL = '{refunds}:all';
const ATTEMPTS = '{refunds}:attempts';
const KEYS = [ROWS, ALL, ATTEMPTS, ...REFUND_STATES.map(stateKey)];

/**
 * ARGV of both scripts: the id, the refund as JSON, and a bound. Keys behind `KEYS` are of kept
 * answers.
 */
const PREPARE = `
  local refund = cjson.decode(ARGV[2])
  local function put()
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    redis.call('ZADD', KEYS[2], refund.parkedAt, ARGV[1])
    if refund.nextAttemptAt == cjson.null then
      redis.call('ZREM', KEYS[3], ARGV[1])
    else
      redis.call('ZADD', KEYS[3], refund.nextAttemptAt, ARGV[1])
    end
    for i = 4, ${KEYS.length} do
      if string.match(KEYS[i], ':(%a+)$') == refund.state then
        redis.call('ZADD', KEYS[i], refund.parkedAt, ARGV[1])
      else
        redis.call('ZREM', KEYS[i], ARGV[1])
      end
    end
  end`;

const PARK = new Script(`${PREPARE}
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
  if redis.call('ZCARD', KEYS[4]) + redis.call('ZCARD', KEYS[5]) >= tonumber(ARGV[3]) then
    return 0
  end
  put()
  return 1
`);

const REPLACE = new Script(`${PREPARE}
  local stored = redis.call('HGET', KEYS[1], ARGV[1])
  if not stored or cjson.decode(stored).revision ~= refund.revision - 1 then return 0 end
  put()
  for i = 6, 7 do
    local beyond = redis.call('ZCARD', KEYS[i]) - tonumber(ARGV[3])
    if beyond > 0 then
      local oldest = redis.call('ZRANGE', KEYS[i], 0, beyond - 1)
      redis.call('ZREM', KEYS[i], unpack(oldest))
      redis.call('ZREM', KEYS[2], unpack(oldest))
      redis.call('HDEL', KEYS[1], unpack(oldest))
    end
  end
  return 1
`);

const REPLACE_ONCE = onceScript(REPLACE, 'result == 1');

export class RedisParkedRefunds implements ParkedRefunds {
  readonly requests: RedisRequests;
  readonly #redis: RedisConnection;
  readonly #max: number;

  constructor(options: { readonly redis: RedisConnection; readonly max?: number }) {
    this.#redis = options.redis;
    this.requests = new RedisRequests({ redis: options.redis, place: 'refunds' });
    this.#max = options.max ?? PARKED_REFUNDS_MAX;
  }

  async park(refund: ParkedRefund): Promise<boolean> {
    const args = [refund.id, encodeParkedRefund(refund), this.#max];
    return (await PARK.run(this.#redis, KEYS, args)) === 1;
  }

  async replace(refund: ParkedRefund): Promise<boolean> {
    const { keys, args } = this.#replacement(refund);
    return (await REPLACE.run(this.#redis, keys, args)) === 1;
  }

  replaceOnce(
    request: KeyedRequest,
    refund: ParkedRefund,
    answer: string,
  ): Promise<Answered<string | null>> {
    return this.requests.once(REPLACE_ONCE, request, this.#replacement(refund), answer);
  }

  #replacement(refund: ParkedRefund): { keys: string[]; args: ScriptArgument[] } {
    return {
      keys: KEYS,
      args: [refund.id, encodeParkedRefund(refund), this.#max],
    };
  }

  async find(id: string): Promise<ParkedRefund | null> {
    return (await this.#read([id]))[0] ?? null;
  }

  async list(state: RefundState | null, page: PageRequest): Promise<Page<ParkedRefund>> {
    const key = state === null ? ALL : stateKey(state);
    const start = decodeCursor('refunds', page.cursor);
    const positions = await readNewestFirst(this.#redis, [key], start, page.limit + 1);
    const shown = positions.slice(0, page.limit);
    const refunds = await this.#read(shown.map(({ id }) => id));
    return {
      // Another state: it was changed between the two reads.
      items: refunds.filter((refund) => state === null || refund.state === state),
      nextCursor: positions.length > shown.length ? encodeCursor('refunds', shown.at(-1)!) : null,
    };
  }

  async due(time: number, limit: number): Promise<readonly ParkedRefund[]> {
    return await this.#read(
      await answerOf(this.#redis.zrangebyscore(ATTEMPTS, '-inf', time, 'LIMIT', 0, limit)),
    );
  }

  async count(state: RefundState): Promise<number> {
    return await answerOf(this.#redis.zcard(stateKey(state)));
  }

  /** In the order of the ids, without those that are gone. */
  async #read(ids: readonly string[]): Promise<ParkedRefund[]> {
    if (ids.length === 0) return [];
    const rows = await answerOf(this.#redis.hmget(ROWS, ...ids));
    return rows.flatMap((row) => (row === null ? [] : [decodeParkedRefund(row)]));
  }
}

function stateKey(state: RefundState): string {
  return `{refunds}:${state}`;
}
