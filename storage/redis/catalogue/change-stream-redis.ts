// The change stream on Redis (C1): a Redis stream for each bucket. The script that changes an
// entity also appends the record (`change-append.ts`), so both are one step. Redis counts the
// sequences, as the second part of the stream's ids, and refuses a sequence that does not rise.
// Sequences have no gaps but where records of removed users were taken out. A hash says of whom
// those were, so that a read can fill the gaps in.
//
// The full pass reads a sorted set with the names of the bucket's entities: a user, a product, an
// organisation, all drafts of a creator, or the follows of a user. Follows are read newest first,
// from the end of the page before. Drops have a set of their own.

import { InvalidCursorError } from '../../ports/page.ts';
import type { EntityChange } from '../../../contracts/changes.ts';
import { assert } from '../../../domain/assert.ts';
import {
  type ChangeHead,
  CHANGES_RETAINED_MAX,
  type ChangeRecord,
  type ChangeStream,
  PositionTrimmedError,
  publicUser,
  type ScanPage,
} from '../../ports/change-stream.ts';
import { membersOf } from '../../ports/organisations.ts';
import { LIST_START, type ListPosition } from '../../formats/cursor.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import {
  CHANGE_BUCKETS,
  changeBucketOf,
  changesKey,
  entitiesKey,
  followingKeys,
  forgottenKey,
  mediaKeys,
  type MemberKind,
  memberOf,
  parseMember,
  productEntityId,
  userKey,
} from './catalogue-keys.ts';
import { decodeMedia } from '../../formats/media.ts';
import { mediaChange } from '../../ports/media.ts';
import { recordOf } from './change-append.ts';
import { areDropsRecorded, dropsAfter } from './drop-summaries.ts';
import { readDrafts } from './drafts-redis.ts';
import type { OmConnection } from './om-connection.ts';
import { organisationsAt } from './organisations-redis.ts';
import { restrictionsAt } from './restrictions-redis.ts';
import { productsAt } from './stored-products.ts';
import { usersAt } from './stored-users.ts';

/** The sequence before the oldest record, one that was taken out or one that is there. */
const TRIMMED = `
local function trimmed_of(stream, forgotten, last)
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local trimmed = oldest and tonumber(oldest[1]:match('%-(%d+)$')) - 1 or last
  while redis.call('HEXISTS', forgotten, string.format('%.0f', trimmed)) == 1 do
    trimmed = trimmed - 1
  end
  return trimmed
end`;

/** KEYS: stream, forgotten. Answers the newest and the last trimmed sequence; both 0 at first. */
const HEAD = new Script(`${TRIMMED}
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0} end
local info, last = redis.call('XINFO', 'STREAM', KEYS[1]), 0
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = tonumber(info[i + 1]:match('%-(%d+)$')) end
end
return {last, trimmed_of(KEYS[1], KEYS[2], last)}`);

/** Records looked at by one script: less than a millisecond. */
const FORGET_PORTION = 500;

/**
 * KEYS: stream, forgotten. ARGV: user, sequence to begin behind, the beginning of the user's
 * changes. Answers where to go on, or 0.
 */
const FORGET = new Script(`
local entries = redis.call('XRANGE', KEYS[1], '0-' .. (ARGV[2] + 1), '+', 'COUNT',
  ${FORGET_PORTION})
for _, entry in ipairs(entries) do
  local change = entry[2][2]:match('^%d+ (.*)$')
  local is_personal = change:sub(-12) ~= '"user":null}'
  if is_personal and change:sub(1, #ARGV[3]) == ARGV[3] then
    redis.call('HSET', KEYS[2], entry[1]:match('%-(%d+)$'), ARGV[1])
    redis.call('XDEL', KEYS[1], entry[1])
  end
end
if #entries < ${FORGET_PORTION} then return 0 end
return tonumber(entries[#entries][1]:match('%-(%d+)$'))`);

/** KEYS: stream, forgotten. Removes what is said of records that are trimmed. */
const TIDY = new Script(`${TRIMMED}
local trimmed = trimmed_of(KEYS[1], KEYS[2], 0)
for _, sequence in ipairs(redis.call('HKEYS', KEYS[2])) do
  if tonumber(sequence) <= trimmed then redis.call('HDEL', KEYS[2], sequence) end
end`);

const BUCKET_OF_KEY: ReadonlyMap<string, number> = new Map(
  Array.from({ length: CHANGE_BUCKETS }, (_, bucket) => [changesKey(bucket), bucket]),
);

const MANY: ReadonlySet<MemberKind | undefined> = new Set(['follows', 'drafts'] as const);

export interface RedisChangeStreamOptions {
  readonly redis: RedisConnection;
  /** The connection for products. */
  readonly om: OmConnection;
  /** Most records in all buckets together. */
  readonly retainedMax?: number;
}

/** The position of a full pass: after an entity, or within the follows of a user. */
type ScanCursor = readonly [member: string, time: number | null, id: string];

export class RedisChangeStream implements ChangeStream {
  readonly bucketCount = CHANGE_BUCKETS;
  /** Most records of a bucket. */
  readonly #retainedInBucketMax: number;
  readonly #redis: RedisConnection;
  readonly #om: OmConnection;
  readonly #listeners = new Set<(bucket: number) => void>();

  constructor(options: RedisChangeStreamOptions) {
    this.#redis = options.redis;
    this.#om = options.om;
    const share = (options.retainedMax ?? CHANGES_RETAINED_MAX) / CHANGE_BUCKETS;
    this.#retainedInBucketMax = Math.max(Math.floor(share), 1);
  }

  hasDrops(): Promise<boolean> {
    return areDropsRecorded(this.#redis);
  }

  async head(bucket: number): Promise<ChangeHead> {
    const answer = await HEAD.run(this.#redis, [changesKey(bucket), forgottenKey(bucket)], []);
    const [last, trimmed] = answer as [number, number];
    return { last, trimmed };
  }

  async read(bucket: number, after: number, limit: number): Promise<ChangeRecord[]> {
    const entries = await answerOf(
      this.#redis.xrange(changesKey(bucket), `0-${after + 1}`, '+', 'COUNT', limit),
    );
    const records = await this.#filled(
      after,
      entries.map(([id, fields]) => recordOf(bucket, id, fields)),
    );
    records.splice(limit);
    // No record is missing if the first one follows the position.
    if (records[0]?.sequence === after + 1) return records;
    const { last, trimmed } = await this.head(bucket);
    if (after < trimmed || after > last) {
      throw new PositionTrimmedError(
        `bucket ${bucket} has records ${trimmed + 1} to ${last}, and ${after} was the position`,
      );
    }
    // The next read returns the records appended since.
    return [];
  }

  /** Drops come last. */
  async scan(bucket: number, cursor: string | null, limit: number): Promise<ScanPage> {
    const position = parseCursor(cursor);
    const member = position === null ? null : parseMember(position[0]);
    if (member?.kind === 'drop') {
      const drops = await dropsAfter(this.#redis, bucket, member.id, limit);
      const nextCursor = drops.length < limit ? null : dropsCursor(drops.at(-1)!.dropId);
      return { changes: drops, nextCursor };
    }
    const page = await this.#scanEntities(bucket, position, limit);
    return { ...page, nextCursor: page.nextCursor ?? dropsCursor('') };
  }

  async #scanEntities(bucket: number, from: ScanCursor | null, limit: number): Promise<ScanPage> {
    const changes: EntityChange[] = [];
    let position = from;
    if (position !== null && position[1] !== null) {
      const { id: userId } = parseMember(position[0])!;
      const start = { time: position[1], id: position[2] };
      const follows = await this.#followsOf(userId, start, limit);
      changes.push(...follows);
      position = within(position[0], follows, limit);
      if (position[1] !== null) return { changes, nextCursor: JSON.stringify(position) };
    }
    const start = position === null ? '-' : `(${position[0]}`;
    const needed = Math.max(limit - changes.length, 1);
    const members = await answerOf(
      this.#redis.zrangebylex(entitiesKey(bucket), start, '+', 'LIMIT', 0, needed),
    );
    // One user's follows may fill many pages, and drafts one, so they end a page.
    const isMany = (member: string): boolean => MANY.has(parseMember(member)?.kind);
    const found = members.slice(0, members.findIndex(isMany) + 1 || members.length);
    changes.push(...(await this.#entities(found.filter((member) => !isMany(member)))));
    const last = found.at(-1);
    if (last === undefined) return { changes, nextCursor: null };
    let next: ScanCursor = [last, null, ''];
    const { kind, id } = parseMember(last) ?? { kind: null, id: '' };
    if (kind === 'drafts') changes.push(...(await this.#draftsOf(id)));
    if (kind === 'follows') {
      const follows = await this.#followsOf(id, LIST_START, limit);
      changes.push(...follows);
      next = within(last, follows, limit);
    }
    const isEnd = members.length < needed && found.length === members.length && next[1] === null;
    return { changes, nextCursor: isEnd ? null : JSON.stringify(next) };
  }

  async trim(bucket: number, through: number): Promise<void> {
    await answerOf(this.#redis.xtrim(changesKey(bucket), 'MINID', `0-${through + 1}`));
  }

  async forgetUser(userId: string, after: number): Promise<number | null> {
    const bucket = changeBucketOf(userId);
    const keys = [changesKey(bucket), forgottenKey(bucket)];
    const begin = `${JSON.stringify({ kind: 'user', userId }).slice(0, -1)},`;
    const next = await FORGET.run(this.#redis, keys, [userId, after, begin]);
    if (next !== 0) return next as number;
    await TIDY.run(this.#redis, keys, []);
    return null;
  }

  onAppend(listener: (bucket: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Runs a script of a store that may append a record. The key of the bucket's stream is among
   * `keys`. `ARGV[1]` is the most records of a bucket;
   * `args` follow. Errors: `store-unavailable`.
   */
  async append(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    try {
      return await script.run(this.#redis, keys, [this.#retainedInBucketMax, ...args]);
    } finally {
      const bucket = BUCKET_OF_KEY.get(keys.find((key) => BUCKET_OF_KEY.has(key)) ?? '');
      assert(bucket !== undefined, 'a script that appends a record has the key of its stream');
      for (const listener of this.#listeners) listener(bucket);
    }
  }

  /** With the records of removed users in their places: each says that there is no such user. */
  async #filled(after: number, records: readonly ChangeRecord[]): Promise<ChangeRecord[]> {
    const last = records.at(-1);
    if (last === undefined || last.sequence === after + records.length) return [...records];
    const forgotten = await answerOf(this.#redis.hgetall(forgottenKey(last.bucket)));
    const filled: ChangeRecord[] = [];
    let next = after + 1;
    for (const record of records) {
      for (; next < record.sequence; next++) {
        const userId = forgotten[next];
        if (userId === undefined) break;
        const change = { kind: 'user', userId, user: null } as const;
        filled.push({ ...record, sequence: next, change });
      }
      // The caller finds that what is missing was trimmed.
      if (next < record.sequence) return records[0] === record ? [record] : filled;
      filled.push(record);
      next += 1;
    }
    return filled;
  }

  async #followsOf(userId: string, start: ListPosition, limit: number): Promise<EntityChange[]> {
    const keys = [followingKeys(userId).following];
    const found = await readNewestFirst(this.#redis, keys, start, limit);
    return found.map(({ id: creatorId, time }) => {
      return { kind: 'follow', userId, creatorId, since: time };
    });
  }

  async #draftsOf(creatorId: string): Promise<EntityChange[]> {
    const drafts = await readDrafts(this.#redis, creatorId);
    return drafts.map((draft) => ({ kind: 'draft', draftId: draft.id, creatorId, draft }));
  }

  /**
   * Users, products, organisations, restrictions and media as they are now, without removed ones.
   */
  async #entities(members: readonly string[]): Promise<EntityChange[]> {
    const parsed = members.map(parseMember);
    const ids = (kind: string) =>
      parsed.flatMap((member) => (member?.kind === kind ? [member.id] : []));
    const mediaOf = (id: string) => answerOf(this.#redis.get(mediaKeys({ id, ownerId: '' })[0]));
    const [users, products, organisations, restrictions, media] = await Promise.all([
      usersAt(this.#redis, ids('user').map(userKey)),
      productsAt(this.#om, ids('product').map(productEntityId)),
      organisationsAt(this.#redis, ids('organisation')),
      restrictionsAt(this.#redis, ids('restriction')),
      Promise.all(ids('media').map(mediaOf)),
    ]);
    const changes: EntityChange[] = [...restrictions];
    for (const found of users) {
      if (found === null) continue;
      changes.push({ kind: 'user', userId: found.user.id, user: publicUser(found.user) });
    }
    for (const product of products) {
      if (product !== null) changes.push({ kind: 'product', productId: product.id, product });
    }
    for (const text of media) {
      if (text === null) continue;
      const one = decodeMedia(text);
      changes.push(mediaChange(one, one));
    }
    for (const stored of organisations) {
      const organisation = membersOf(stored);
      changes.push({ kind: 'organisation', organisationId: stored.id, organisation });
    }
    return changes;
  }
}

/** The position after a page of a user's follows: within them if the page was full. */
function within(member: string, follows: readonly EntityChange[], limit: number): ScanCursor {
  const last = follows.at(-1);
  if (last?.kind !== 'follow' || follows.length < limit) return [member, null, ''];
  return [member, last.since, last.creatorId];
}

function dropsCursor(afterId: string): string {
  return JSON.stringify([memberOf('drop', afterId), null, '']);
}

const CURSOR_LENGTH_MAX = 4_096;

function parseCursor(cursor: string | null): ScanCursor | null {
  if (cursor === null) return null;
  const [member, time, id] = cursor.length > CURSOR_LENGTH_MAX ? [] : parts(cursor);
  const kind = typeof member === 'string' ? parseMember(member)?.kind : undefined;
  const isWithin = kind === 'follows' && Number.isSafeInteger(time);
  if (kind === undefined || typeof id !== 'string' || !(time === null || isWithin)) {
    throw new InvalidCursorError('the cursor does not belong to a full pass');
  }
  return [member as string, time as number | null, id];
}

function parts(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(cursor);
    return Array.isArray(parsed) && parsed.length === 3 ? parsed : [];
  } catch {
    return []; // The caller throws.
  }
}
