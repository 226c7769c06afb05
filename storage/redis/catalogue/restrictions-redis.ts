// Restrictions on Redis. All are in one slot, so that one sequence counts their changes: a hash of
// the restrictions as JSON by their key's text, a sorted set of the keys by sequence, with those that
// are lifted, sorted sets of the lifted ones and of the ends, and a list for each kind and scope by
// time. They are bounded, and rarely written; nodes read them when they start or were cut off.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type {
  Restriction,
  RestrictionChange,
  RestrictionKey,
  RestrictionKind,
} from '../../../contracts/restrictions.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { decodeRestriction, encodeRestriction } from '../../formats/restriction.ts';
import {
  ENDED_RESTRICTIONS_REMOVED,
  LIFTED_RESTRICTIONS_MAX,
  type RestrictionBounds,
  type RestrictionChanges,
  type RestrictionStore,
} from '../../ports/restrictions.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script } from '../connection/script.ts';
import { RESTRICTIONS_PREFIX } from './catalogue-keys.ts';

const ROWS = RESTRICTIONS_PREFIX;
const ORDER = `${RESTRICTIONS_PREFIX}:order`;
const LIFTED = `${RESTRICTIONS_PREFIX}:lifted`;
const ENDS = `${RESTRICTIONS_PREFIX}:ends`;
const SEQUENCE = `${RESTRICTIONS_PREFIX}:sequence`;
const TRIMMED = `${RESTRICTIONS_PREFIX}:trimmed`;
/** The lists of the scopes share the slot, so scripts may make their names. */
const KEYS = [ROWS, ORDER, LIFTED, ENDS, SEQUENCE, TRIMMED];

const LIST_OF = `
local function list_of(key) return '${RESTRICTIONS_PREFIX}:of:' .. key:match('^%S* %S*') end`;

/** ARGV: key, subject, restriction, since, end or nothing, most of the scope, most of all, now. */
const PUT = new Script(`${LIST_OF}
local function remove(key)
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[4], key)
  redis.call('ZREM', list_of(key), key:match('%S*$'))
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[8], 'LIMIT', 0,
    ${ENDED_RESTRICTIONS_REMOVED})) do
  remove(key)
end
local list = list_of(ARGV[1])
local is_full = redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[7])
  or redis.call('ZCARD', list) >= tonumber(ARGV[6])
if is_full and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return false end
local sequence = redis.call('INCR', KEYS[5])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[2], sequence, ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if ARGV[5] == '' then redis.call('ZREM', KEYS[4], ARGV[1])
else redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1]) end
redis.call('ZADD', list, ARGV[4], ARGV[2])
return sequence`);

/** ARGV: key, subject, most of the lifted ones. */
const LIFT = new Script(`${LIST_OF}
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return false end
local sequence = redis.call('INCR', KEYS[5])
redis.call('ZADD', KEYS[2], sequence, ARGV[1])
redis.call('ZADD', KEYS[3], sequence, ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', list_of(ARGV[1]), ARGV[2])
local over = redis.call('ZCARD', KEYS[3]) - ARGV[3]
if over > 0 then
  local evicted = redis.call('ZPOPMIN', KEYS[3], over)
  for i = 1, #evicted, 2 do redis.call('ZREM', KEYS[2], evicted[i]) end
  redis.call('SET', KEYS[6], evicted[#evicted])
end
return sequence`);

/** ARGV: the position, most of them. Answers each key, its sequence and its restriction. */
const CHANGES = new Script(`
local trimmed = tonumber(redis.call('GET', KEYS[6]) or 0)
if tonumber(ARGV[1]) > 0 and tonumber(ARGV[1]) < trimmed then return false end
local found = redis.call('ZRANGE', KEYS[2], '(' .. ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0,
  ARGV[2], 'WITHSCORES')
local answer = {}
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = redis.call('HGET', KEYS[1], found[i]) or ''
end
return answer`);

export interface RedisRestrictionStoreOptions {
  readonly redis: RedisConnection;
  readonly liftedMax?: number;
}

export class RedisRestrictionStore implements RestrictionStore {
  readonly #redis: RedisConnection;
  readonly #liftedMax: number;

  constructor({ redis, liftedMax = LIFTED_RESTRICTIONS_MAX }: RedisRestrictionStoreOptions) {
    this.#redis = redis;
    this.#liftedMax = liftedMax;
  }

  async put(
    restriction: Restriction,
    { ofScopeMax, max }: RestrictionBounds,
    now: number,
  ): Promise<RestrictionChange | null> {
    const { kind, scope, subject, since, until } = restriction;
    const text = encodeRestriction(restriction);
    const args = [textOf(restriction), subject, text, since, until ?? '', ofScopeMax, max, now];
    const sequence = (await PUT.run(this.#redis, KEYS, args)) as number | null;
    return sequence === null ? null : { kind, scope, subject, until, isLifted: false, sequence };
  }

  async lift(key: RestrictionKey): Promise<RestrictionChange | null> {
    const args = [textOf(key), key.subject, this.#liftedMax];
    const sequence = (await LIFT.run(this.#redis, KEYS, args)) as number | null;
    return sequence === null ? null : liftOf(textOf(key), sequence);
  }

  async find(key: RestrictionKey): Promise<Restriction | null> {
    const text = await answerOf(this.#redis.hget(ROWS, textOf(key)));
    return text === null ? null : decodeRestriction(text);
  }

  async list(
    { kind, scope }: Pick<RestrictionKey, 'kind' | 'scope'>,
    page: PageRequest,
  ): Promise<Page<Restriction>> {
    const start = decodeCursor('restrictions', page.cursor);
    const key = `${RESTRICTIONS_PREFIX}:of:${kind} ${scope}`;
    const positions = await readNewestFirst(this.#redis, [key], start, page.limit + 1);
    const shown = positions.slice(0, page.limit);
    const found = await Promise.all(
      shown.map(({ id: subject }) => this.find({ kind, scope, subject })),
    );
    const last = shown.at(-1);
    const isLast = last === undefined || positions.length === shown.length;
    return {
      // Null: it was lifted between the two reads.
      items: found.filter((restriction) => restriction !== null),
      nextCursor: isLast ? null : encodeCursor('restrictions', last),
    };
  }

  async changes(after: number, limit: number): Promise<RestrictionChanges> {
    const answer = (await CHANGES.run(this.#redis, KEYS, [after, limit])) as string[] | null;
    if (answer === null) return { changes: [], position: 0, isTrimmed: true };
    const changes: RestrictionChange[] = [];
    for (let i = 0; i < answer.length; i += 3) {
      const [key, sequence, text] = answer.slice(i, i + 3) as [string, string, string];
      changes.push(changeOf(key, Number(sequence), text));
    }
    return { changes, position: changes.at(-1)?.sequence ?? after, isTrimmed: false };
  }
}

function textOf({ kind, scope, subject }: RestrictionKey): string {
  return `${kind} ${scope} ${subject}`;
}

function changeOf(key: string, sequence: number, text: string): RestrictionChange {
  if (text === '') return liftOf(key, sequence);
  const { kind, scope, subject, until } = decodeRestriction(text);
  return { kind, scope, subject, until, isLifted: false, sequence };
}

function liftOf(key: string, sequence: number): RestrictionChange {
  const [kind, scope, subject] = key.split(' ') as [RestrictionKind, string, string];
  return { kind, scope, subject, until: null, isLifted: true, sequence };
}
