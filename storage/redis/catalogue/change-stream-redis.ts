// The change stream on Redis (C1): a Redis stream for each bucket. The script that changes an
// entity also appends the record (`change-append.ts`), so both are one step. Redis counts the
// sequences, as the second part of the stream's ids, and refuses a sequence that does not rise.
// Sequences have no gaps, so the number of trimmed records is the newest sequence minus the length
// of the stream.
//
// The full pass reads a sorted set with the names of the bucket's entities: a user, a product, all
// drafts of a creator, or the follows of a user. Follows are read newest first, from the end of the
// page before.

import { InvalidCursorError } from '../../ports/page.ts';
import type { EntityChange } from '../../../contracts/changes.ts';
import {
  type ChangeHead,
  CHANGES_RETAINED_MAX,
  type ChangeRecord,
  type ChangeStream,
  PositionTrimmedError,
  publicUser,
  type ScanPage,
} from '../../ports/change-stream.ts';
import { LIST_START, type ListPosition } from '../../formats/cursor.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import {
  CHANGE_BUCKETS,
  changesKey,
  entitiesKey,
  followingKeys,
  type MemberKind,
  parseMember,
  productEntityId,
  userKey,
} from './catalogue-keys.ts';
import { recordOf } from './change-append.ts';
import { readDrafts } from './drafts-redis.ts';
import type { OmConnection } from './om-connection.ts';
import { productsAt } from './stored-products.ts';
import { usersAt } from './stored-users.ts';

/** KEYS: stream. Answers the newest sequence and the length; both 0 without a stream. */
const HEAD = new Script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0} end
local info, last, length = redis.call('XINFO', 'STREAM', KEYS[1]), 0, 0
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = tonumber(info[i + 1]:match('%-(%d+)$')) end
  if info[i] == 'length' then length = info[i + 1] end
end
return {last, length}`);

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
  readonly #listeners = new Set<() => void>();

  constructor(options: RedisChangeStreamOptions) {
    this.#redis = options.redis;
    this.#om = options.om;
    const share = (options.retainedMax ?? CHANGES_RETAINED_MAX) / CHANGE_BUCKETS;
    this.#retainedInBucketMax = Math.max(Math.floor(share), 1);
  }

  async head(bucket: number): Promise<ChangeHead> {
    const answer = await HEAD.run(this.#redis, [changesKey(bucket)], []);
    const [last, length] = answer as [number, number];
    return { last, trimmed: last - length };
  }

  async read(bucket: number, after: number, limit: number): Promise<ChangeRecord[]> {
    const entries = await answerOf(
      this.#redis.xrange(changesKey(bucket), `0-${after + 1}`, '+', 'COUNT', limit),
    );
    const records = entries.map(([id, fields]) => recordOf(bucket, id, fields));
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

  async scan(bucket: number, cursor: string | null, limit: number): Promise<ScanPage> {
    const changes: EntityChange[] = [];
    let position: ScanCursor | null = parseCursor(cursor);
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

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Runs a script of a store that may append a record. `ARGV[1]` is the most records of a bucket;
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
      for (const listener of this.#listeners) listener();
    }
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

  /** Users and products as they are now, without removed ones. */
  async #entities(members: readonly string[]): Promise<EntityChange[]> {
    const parsed = members.map(parseMember);
    const ids = (kind: string) =>
      parsed.flatMap((member) => (member?.kind === kind ? [member.id] : []));
    const [users, products] = await Promise.all([
      usersAt(this.#redis, ids('user').map(userKey)),
      productsAt(this.#om, ids('product').map(productEntityId)),
    ]);
    const changes: EntityChange[] = [];
    for (const found of users) {
      if (found === null) continue;
      changes.push({ kind: 'user', userId: found.user.id, user: publicUser(found.user) });
    }
    for (const product of products) {
      if (product !== null) changes.push({ kind: 'product', productId: product.id, product });
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
