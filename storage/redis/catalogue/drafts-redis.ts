// Drafts on Redis: one hash for each creator, in the creator's bucket of the change stream, with
// the drafts as JSON. A creator has at most a hundred, so lists read all of them.

import type { Draft, DraftFilter } from '../../../contracts/drafts.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { type Drafts, isRecorded } from '../../ports/drafts.ts';
import type { Answered, Kept } from '../../ports/requests.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import { changeBucketOf, changesKey, draftsKey, entitiesKey, memberOf } from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import type { EntityParts } from './entity-parts.ts';
import { answeredOf, answerOfOnce, onceScript, type RedisRequests } from './requests-redis.ts';

/** KEYS: drafts, changes, entities. ARGV: most records, record, member, id, draft, most drafts. */
const ADD = new Script(`${APPEND_CHANGE}
if redis.call('HEXISTS', KEYS[1], ARGV[4]) == 1 then return 1 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return 0 end
append_change(KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], 0, ARGV[3])
redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
return 1`);

/**
 * KEYS as above. ARGV: most records, record or nothing, member, id, the revision and whether it is
 * announced now, the draft or nothing.
 */
const REPLACE = new Script(`${APPEND_CHANGE}
local stored = redis.call('HGET', KEYS[1], ARGV[4])
if not stored then return 0 end
local before = cjson.decode(stored)
if before.revision ~= tonumber(ARGV[5]) then return 0 end
if before.announcing ~= (ARGV[6] == '1') then return 0 end
if ARGV[2] ~= '' then append_change(KEYS[2], ARGV[1], ARGV[2]) end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[4], ARGV[7])
  return 1
end
redis.call('HDEL', KEYS[1], ARGV[4])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[3], ARGV[3]) end
return 1`);

const ADD_ONCE = onceScript(ADD, 'result == 1');
const REPLACE_ONCE = onceScript(REPLACE, 'result == 1');

export class RedisDrafts implements Drafts {
  readonly #redis: RedisConnection;
  readonly #changes: RedisChangeStream;
  readonly #requests: RedisRequests;

  constructor({ redis, changes, requests }: Pick<EntityParts, 'redis' | 'changes' | 'requests'>) {
    this.#redis = redis;
    this.#changes = changes;
    this.#requests = requests;
  }

  async add(draft: Draft, max: number): Promise<boolean> {
    return (await this.#changes.append(ADD, keysOf(draft.creatorId), added(draft, max))) === 1;
  }

  addOnce(request: KeyedRequest, draft: Draft, max: number): Promise<Answered<Draft | null>> {
    return this.#once(ADD_ONCE, request, draft, added(draft, max));
  }

  async find(creatorId: string, dropId: string): Promise<Draft | null> {
    const draft = await answerOf(this.#redis.hget(draftsKey(creatorId), dropId));
    return draft === null ? null : (JSON.parse(draft) as Draft);
  }

  async list(filter: DraftFilter, page: PageRequest): Promise<Page<Draft>> {
    const { creatorId, productId, externalId } = filter;
    const start = decodeCursor('drafts', page.cursor);
    const below = (await readDrafts(this.#redis, creatorId))
      .filter((draft) => productId === undefined || draft.productId === productId)
      .filter((draft) => externalId === undefined || draft.externalId === externalId)
      .filter((draft) => compare(draft, { createdAt: start.time, id: start.id }) < 0)
      .toSorted((a, b) => compare(b, a));
    const items = below.slice(0, page.limit);
    const last = items.at(-1);
    if (last === undefined || items.length === below.length) return { items, nextCursor: null };
    const { createdAt: time, id } = last;
    return { items, nextCursor: encodeCursor('drafts', { time, id }) };
  }

  replace(before: Draft, after: Draft): Promise<boolean> {
    return this.#replace(before, after);
  }

  replaceOnce(request: KeyedRequest, before: Draft, after: Draft): Promise<Answered<Draft | null>> {
    return this.#once(REPLACE_ONCE, request, after, replaced(before, after));
  }

  async findAnswer(creatorId: string, request: KeyedRequest): Promise<Kept<Draft> | null> {
    const kept = await this.#requests.findIn(changeBucketOf(creatorId), request);
    return kept?.result === 'repeated' ? { ...kept, value: JSON.parse(kept.value) as Draft } : kept;
  }

  remove(before: Draft): Promise<boolean> {
    return this.#replace(before, null);
  }

  async removeOnce(
    request: KeyedRequest,
    before: Draft,
    answer: string,
  ): Promise<Answered<string | null>> {
    const { creatorId } = before;
    const kept = this.#requests.partOf(request, changeBucketOf(creatorId), answer);
    const keys = [...keysOf(creatorId), ...kept.keys];
    const args = [...replaced(before, null), ...kept.args];
    return answerOfOnce(await this.#changes.append(REPLACE_ONCE, keys, args), answer);
  }

  findRemoval(creatorId: string, request: KeyedRequest): Promise<Kept<string> | null> {
    return this.#requests.findIn(changeBucketOf(creatorId), request);
  }

  async #replace(before: Draft, after: Draft | null): Promise<boolean> {
    const args = replaced(before, after);
    return (await this.#changes.append(REPLACE, keysOf(before.creatorId), args)) === 1;
  }

  /** The draft is the answer that is kept. */
  async #once(
    script: Script,
    request: KeyedRequest,
    draft: Draft,
    args: readonly ScriptArgument[],
  ): Promise<Answered<Draft | null>> {
    const { creatorId } = draft;
    const kept = this.#requests.partOf(request, changeBucketOf(creatorId), JSON.stringify(draft));
    const keys = [...keysOf(creatorId), ...kept.keys];
    const answered = answeredOf(await this.#changes.append(script, keys, [...args, ...kept.args]));
    if (answered.result === 'new')
      return { result: 'new', value: answered.value === 1 ? draft : null };
    if (answered.result !== 'repeated') return answered;
    return { result: 'repeated', value: JSON.parse(answered.value as string) as Draft };
  }
}

/** The arguments of `ADD`. */
function added(draft: Draft, max: number): ScriptArgument[] {
  const { creatorId, id } = draft;
  const member = memberOf('drafts', creatorId);
  return [recordOf(draft, draft), member, id, JSON.stringify(draft), max];
}

/** The arguments of `REPLACE`; `after` is null where the draft is removed. */
function replaced(before: Draft, after: Draft | null): ScriptArgument[] {
  const { creatorId, id, revision, announcing } = before;
  const isNews = after === null || isRecorded(before, after);
  const record = isNews ? recordOf(before, after) : '';
  const content = after === null ? '' : JSON.stringify(after);
  return [record, memberOf('drafts', creatorId), id, revision, announcing ? 1 : 0, content];
}

/** All drafts of a creator, in any order. Errors: `store-unavailable`. */
export async function readDrafts(redis: RedisConnection, creatorId: string): Promise<Draft[]> {
  const drafts = await answerOf(redis.hvals(draftsKey(creatorId)));
  return drafts.map((draft) => JSON.parse(draft) as Draft);
}

function keysOf(creatorId: string): string[] {
  const bucket = changeBucketOf(creatorId);
  return [draftsKey(creatorId), changesKey(bucket), entitiesKey(bucket)];
}

function recordOf({ id: draftId, creatorId }: Draft, draft: Draft | null): string {
  return JSON.stringify({ kind: 'draft', draftId, creatorId, draft });
}

type Position = Pick<Draft, 'createdAt' | 'id'>;

/** Below 0: `a` is older. */
function compare(a: Position, b: Position): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id !== b.id));
}
