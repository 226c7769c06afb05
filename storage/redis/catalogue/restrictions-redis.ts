// Restrictions on Redis. All are in one slot, so that one sequence counts their changes: a hash of
// the restrictions as JSON by their key's text, a sorted set of the keys by sequence, with those
// that are lifted, sorted sets of the lifted ones and of the ends, and a list for each kind and
// scope by time. They are bounded, and rarely written; nodes read them when they start or were cut
// off. The slot is that of a bucket of the change stream, which has the records of all but bans.

import type { EntityChange } from '../../../contracts/changes.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type {
  Restriction,
  RestrictionChange,
  RestrictionKey,
  RestrictionKind,
} from '../../../contracts/restrictions.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import {
  decodeRestriction,
  encodeRestriction,
  recordOfRestriction,
} from '../../formats/restriction.ts';
import {
  ENDED_RESTRICTIONS_REMOVED,
  LIFTED_RESTRICTIONS_MAX,
  type RestrictionBounds,
  type RestrictionChanges,
  type RestrictionStore,
} from '../../ports/restrictions.ts';
import { answerOf, type RedisConnection, unavailable } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import {
  changesKey,
  entitiesKey,
  memberOf,
  RESTRICTIONS_BUCKET,
  RESTRICTIONS_PREFIX,
} from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import type { EntityParts } from './entity-parts.ts';

const ROWS = RESTRICTIONS_PREFIX;
const ORDER = `${RESTRICTIONS_PREFIX}:order`;
const LIFTED = `${RESTRICTIONS_PREFIX}:lifted`;
const ENDS = `${RESTRICTIONS_PREFIX}:ends`;
const SEQUENCE = `${RESTRICTIONS_PREFIX}:sequence`;
const TRIMMED = `${RESTRICTIONS_PREFIX}:trimmed`;
/** The lists of the scopes share the slot, so scripts may make their names. */
const KEYS = [
  ROWS,
  ORDER,
  LIFTED,
  ENDS,
  SEQUENCE,
  TRIMMED,
  `${RESTRICTIONS_PREFIX}:counts`,
  changesKey(RESTRICTIONS_BUCKET),
  entitiesKey(RESTRICTIONS_BUCKET),
];
const LIFT_TRIES_MAX = 5;

const PARTS_OF = `
local function kind_of(key) return key:match('^%S*') end
local function list_of(key) return '${RESTRICTIONS_PREFIX}:of:' .. key:match('^%S* %S*') end`;

/**
 * ARGV: most records, record or nothing, member, key, subject, restriction, since, end or nothing,
 * most of the scope, most of the kind, now.
 */
const PUT = new Script(`${APPEND_CHANGE}${PARTS_OF}
local key = ARGV[4]
for _, ended in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[11], 'LIMIT', 0,
    ${ENDED_RESTRICTIONS_REMOVED})) do
  redis.call('HDEL', KEYS[1], ended)
  redis.call('ZREM', KEYS[2], ended)
  redis.call('ZREM', KEYS[4], ended)
  redis.call('ZREM', list_of(ended), ended:match('%S*$'))
  redis.call('HINCRBY', KEYS[7], kind_of(ended), -1)
end
local list = list_of(key)
if redis.call('HEXISTS', KEYS[1], key) == 0 then
  if tonumber(redis.call('HGET', KEYS[7], kind_of(key)) or 0) >= tonumber(ARGV[10])
    or redis.call('ZCARD', list) >= tonumber(ARGV[9]) then return false end
end
if ARGV[2] ~= '' then
  append_change(KEYS[8], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[9], 0, ARGV[3])
end
local sequence = redis.call('INCR', KEYS[5])
if redis.call('HSET', KEYS[1], key, ARGV[6]) == 1 then
  redis.call('HINCRBY', KEYS[7], kind_of(key), 1)
end
redis.call('ZADD', KEYS[2], sequence, key)
redis.call('ZREM', KEYS[3], key)
if ARGV[8] == '' then redis.call('ZREM', KEYS[4], key)
else redis.call('ZADD', KEYS[4], ARGV[8], key) end
redis.call('ZADD', list, ARGV[7], ARGV[5])
return sequence`);

/**
 * ARGV: most records, record or nothing, member, key, subject, restriction, most of the lifted
 * ones. Answers 0 where the restriction is another one by now.
 */
const LIFT = new Script(`${APPEND_CHANGE}${PARTS_OF}
local key = ARGV[4]
if redis.call('HGET', KEYS[1], key) ~= ARGV[6] then return 0 end
if ARGV[2] ~= '' then
  append_change(KEYS[8], ARGV[1], ARGV[2])
  redis.call('ZREM', KEYS[9], ARGV[3])
end
redis.call('HDEL', KEYS[1], key)
redis.call('HINCRBY', KEYS[7], kind_of(key), -1)
local sequence = redis.call('INCR', KEYS[5])
redis.call('ZADD', KEYS[2], sequence, key)
redis.call('ZADD', KEYS[3], sequence, key)
redis.call('ZREM', KEYS[4], key)
redis.call('ZREM', list_of(key), ARGV[5])
local over = redis.call('ZCARD', KEYS[3]) - ARGV[7]
if over > 0 then
  local evicted = redis.call('ZPOPMIN', KEYS[3], over)
  for i = 1, #evicted, 2 do redis.call('ZREM', KEYS[2], evicted[i]) end
  redis.call('SET', KEYS[6], evicted[#evicted])
end
return sequence`);

/**
 * ARGV: the position, most of them. Answers the newest sequence, the trimmed one, and each key, its
 * sequence and its restriction.
 */
const CHANGES = new Script(`
local found = redis.call('ZRANGE', KEYS[2], '(' .. ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0,
  ARGV[2], 'WITHSCORES')
local answer = { redis.call('GET', KEYS[5]) or '0', redis.call('GET', KEYS[6]) or '0' }
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = redis.call('HGET', KEYS[1], found[i]) or ''
end
return answer`);

export interface RedisRestrictionStoreOptions extends Pick<EntityParts, 'redis' | 'changes'> {
  readonly liftedMax?: number;
}

export class RedisRestrictionStore implements RestrictionStore {
  readonly #redis: RedisConnection;
  readonly #stream: RedisChangeStream;
  readonly #liftedMax: number;

  constructor(options: RedisRestrictionStoreOptions) {
    this.#redis = options.redis;
    this.#stream = options.changes;
    this.#liftedMax = options.liftedMax ?? LIFTED_RESTRICTIONS_MAX;
  }

  async put(
    restriction: Restriction,
    { ofScopeMax, max }: RestrictionBounds,
    now: number,
  ): Promise<RestrictionChange | null> {
    const { kind, scope, subject, since, until } = restriction;
    const text = encodeRestriction(restriction);
    const bounds = [ofScopeMax, max];
    const args = [...argsOf(restriction, since, text), since, until ?? '', ...bounds, now];
    const sequence = (await this.#stream.append(PUT, KEYS, args)) as number | null;
    return sequence === null ? null : { kind, scope, subject, until, isLifted: false, sequence };
  }

  async lift(key: RestrictionKey): Promise<RestrictionChange | null> {
    for (let tries = 0; tries < LIFT_TRIES_MAX; tries++) {
      const text = await answerOf(this.#redis.hget(ROWS, textOf(key)));
      if (text === null) return null;
      const args = [...argsOf(decodeRestriction(text), null, text), this.#liftedMax];
      const sequence = (await this.#stream.append(LIFT, KEYS, args)) as number;
      if (sequence > 0) return liftOf(textOf(key), sequence);
    }
    throw unavailable(new Error('the restriction changed at each try to lift it'));
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
    const answer = (await CHANGES.run(this.#redis, KEYS, [after, limit])) as string[];
    const [newest, trimmed] = [Number(answer[0]), Number(answer[1])];
    const changes: RestrictionChange[] = [];
    for (let i = 2; i < answer.length; i += 3) {
      const [key, sequence, text] = answer.slice(i, i + 3) as [string, string, string];
      changes.push(changeOf(key, Number(sequence), text));
    }
    return { changes, position: changes.at(-1)?.sequence ?? after, newest, trimmed };
  }
}

/** What `PUT` and `LIFT` have in common. `since` as in the record. */
function argsOf(restriction: Restriction, since: number | null, text: string): ScriptArgument[] {
  const record = recordOfRestriction(restriction, since);
  const key = textOf(restriction);
  const member = memberOf('restriction', key);
  return [record === null ? '' : JSON.stringify(record), member, key, restriction.subject, text];
}

/** Those with these texts of their keys, as changes; those that are lifted are left out. */
export async function restrictionsAt(
  redis: RedisConnection,
  keys: readonly string[],
): Promise<EntityChange[]> {
  if (keys.length === 0) return [];
  const texts = await answerOf(redis.hmget(ROWS, ...keys));
  return texts.flatMap((text) => {
    if (text === null) return [];
    const restriction = decodeRestriction(text);
    return recordOfRestriction(restriction, restriction.since) ?? [];
  });
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
