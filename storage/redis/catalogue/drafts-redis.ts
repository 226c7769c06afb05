// Drafts on Redis: one hash for each creator, in the creator's bucket of the change stream, with the
// drafts as JSON. A creator has at most a hundred, so lists read all of them.

import type { Draft, DraftFilter } from '../../../contracts/drafts.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { type Drafts, isRecorded } from '../../ports/drafts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { changeBucketOf, changesKey, draftsKey, entitiesKey, memberOf } from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import type { EntityParts } from './entity-parts.ts';

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

export class RedisDrafts implements Drafts {
  readonly #redis: RedisConnection;
  readonly #changes: RedisChangeStream;

  constructor({ redis, changes }: Pick<EntityParts, 'redis' | 'changes'>) {
    this.#redis = redis;
    this.#changes = changes;
  }

  async add(draft: Draft, max: number): Promise<boolean> {
    const { creatorId, id } = draft;
    const args = [recordOf(draft, draft), memberOf('drafts', creatorId), id];
    const content = JSON.stringify(draft);
    const added = await this.#changes.append(ADD, keysOf(creatorId), [...args, content, max]);
    return added === 1;
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
    const record = isRecorded(before, after) ? recordOf(after, after) : '';
    return this.#replace(before, record, JSON.stringify(after));
  }

  remove(before: Draft): Promise<boolean> {
    return this.#replace(before, recordOf(before, null), '');
  }

  async #replace(before: Draft, record: string, content: string): Promise<boolean> {
    const { creatorId, id, revision, announcing } = before;
    const args = [record, memberOf('drafts', creatorId), id, revision, announcing ? 1 : 0, content];
    return (await this.#changes.append(REPLACE, keysOf(creatorId), args)) === 1;
  }
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
