// The notifications of all users on Redis. A user's feed is an append-only list, so the id of a
// notification is the place of its row: 1, 2, 3 and so on. Two sorted sets by id hold the read
// marks: marks of single notifications, and marks for all up to an id. A row is a text: JSON, or an
// order (`order-members.ts`). Text, because ioredis writes a command of texts as one string, but a
// command with bytes piece by piece.
//
// A bucket of users (`user-buckets.ts`) stores, for each shard, the last journal sequence whose
// rows are in its feeds, in the step that adds the rows. In a running node `read-models-redis.ts`
// adds them, together with their orders.

import { type Stored, withOurNames, withStoredNames } from '../../formats/amount-names.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { type FeedStore, UNREAD_COUNT_MAX } from '../../ports/feed.ts';
import type { NewNotification, Notification } from '../../../contracts/notifications.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { lastNotificationId, parseNotificationId } from '../../formats/feed-ids.ts';
import { InvalidCursorError } from '../../ports/page.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import type { Reconciled, ReconcileOptions } from '../../ports/reconciled.ts';
import { BucketCalls } from './bucket-calls.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { unpackNotification } from './order-members.ts';
import { allDone, RedisProjection } from './projection-redis.ts';
import { reconcileReadMarks } from './read-marks.ts';
import { Script } from '../connection/script.ts';
import { allReadKey, bucketOf, feedKey, oneReadKey } from './user-buckets.ts';

/** Ids read in one step of a search for unread notifications. */
const UNREAD_STEP = 1024;

/** Keys of the next three scripts: a feed, its single marks, its marks for all. */
const READ_THROUGH = `
  local last = redis.call('LLEN', KEYS[1])
  local mark = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')
  local through = tonumber(mark[2] or '0')
`;
const UNREAD_COUNT = new Script(`${READ_THROUGH}
  return last - through - redis.call('ZCOUNT', KEYS[2], '(' .. through, '+inf')
`);
const MARK_READ = new Script(`${READ_THROUGH}
  local id = tonumber(ARGV[1])
  if id < 1 or id > last then return 0 end
  if id > through and redis.call('ZCOUNT', KEYS[2], id, id) == 0 then
    redis.call('ZADD', KEYS[2], id, id .. ':' .. ARGV[2])
  end
  return 1
`);
const MARK_ALL_READ = new Script(`${READ_THROUGH}
  last = math.min(last, tonumber(ARGV[2]))
  if last > through then redis.call('ZADD', KEYS[3], last, last .. ':' .. ARGV[1]) end
`);

export class RedisFeedStore implements FeedStore {
  readonly #redis: RedisConnection;
  readonly #projection: RedisProjection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
    this.#projection = new RedisProjection({ redis: options.redis, lists: ['feed'] });
  }

  position(shard: number): Promise<number> {
    return this.#projection.position(shard);
  }

  /**
   * Resolves to the notifications that this call added, without those that an earlier call or
   * another owner of the shard had added already.
   */
  async append(batches: readonly ProjectionBatch<NewNotification>[]): Promise<Notification[]> {
    const added: Notification[] = [];
    await this.#projection.take(batches, (portion) => this.#write(portion, added));
    return added;
  }

  async list(
    userId: string,
    filter: { unread: boolean },
    page: PageRequest,
  ): Promise<Page<Notification>> {
    const { time: idBelow } = decodeCursor('feed', page.cursor);
    const keys = feedKeys(userId);
    const last = Math.min(await answerOf(this.#redis.llen(keys.list)), idBelow - 1);
    if (filter.unread) return this.#listUnread(userId, keys, last, page.limit);
    const first = Math.max(last - page.limit + 1, 1);
    const items = (await this.#range(userId, keys, first, last)).reverse();
    return { items, nextCursor: first > 1 && items.length > 0 ? cursorOf(first) : null };
  }

  async listAfter(userId: string, afterId: string, limit: number): Promise<Notification[]> {
    const after = parseNotificationId(afterId);
    if (after === null) throw new InvalidCursorError('not a notification id');
    return this.#range(userId, feedKeys(userId), after + 1, after + limit);
  }

  async unreadCount(userId: string): Promise<number> {
    const count = await UNREAD_COUNT.run(this.#redis, scriptKeys(feedKeys(userId)), []);
    // Where rows are lost their read marks are still there, until the rows are made again.
    return Math.min(Math.max(0, count as number), UNREAD_COUNT_MAX);
  }

  async markRead(userId: string, notificationId: string, now: number): Promise<boolean> {
    const id = parseNotificationId(notificationId);
    if (id === null) return false;
    return (await MARK_READ.run(this.#redis, scriptKeys(feedKeys(userId)), [id, now])) === 1;
  }

  async markAllRead(userId: string, now: number, upTo?: string): Promise<void> {
    const last = Math.min(lastNotificationId(upTo), Number.MAX_SAFE_INTEGER);
    await MARK_ALL_READ.run(this.#redis, scriptKeys(feedKeys(userId)), [now, last]);
  }

  reconcile(options: ReconcileOptions): Promise<Reconciled> {
    return reconcileReadMarks(this.#redis, options);
  }

  async #write(
    portion: readonly ProjectionBatch<NewNotification>[],
    added: Notification[],
  ): Promise<void> {
    const calls = new BucketCalls();
    const sources: NewNotification[] = [];
    for (const { shard, sequence, rows } of portion) {
      for (const row of rows) {
        const text = JSON.stringify([row.type, row.createdAt, withStoredNames(row.data)]);
        calls.add(row.userId, shard, sequence, text);
        sources.push(row);
      }
    }
    const ids = calls.ids(await allDone(calls.send(this.#redis)));
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id === 0) continue;
      const { userId, type, data, createdAt } = sources[i]!;
      added.push({ id: String(id), userId, type, data, createdAt, readAt: null });
    }
  }

  /** Unread notifications up to `last`; skips single reads above the last mark for all. */
  async #listUnread(
    userId: string,
    keys: FeedKeys,
    last: number,
    limit: number,
  ): Promise<Page<Notification>> {
    const { list, oneRead, allRead } = keys;
    const [, lastAll] = await answerOf(this.#redis.zrange(allRead, -1, -1, 'WITHSCORES'));
    const through = Number(lastAll ?? 0);
    const ids: number[] = [];
    for (let top = last; top > through && ids.length <= limit; top -= UNREAD_STEP) {
      const bottom = Math.max(top - UNREAD_STEP, through) + 1;
      const marks = await answerOf(this.#redis.zrangebyscore(oneRead, bottom, top));
      const read = new Set(marks.map((mark) => markOf(mark).id));
      for (let id = top; id >= bottom && ids.length <= limit; id--) {
        if (!read.has(id)) ids.push(id);
      }
    }
    const shown = ids.slice(0, limit);
    const rows = await answerOf(Promise.all(shown.map((id) => this.#redis.lindex(list, id - 1))));
    const items = shown.map((id, i) => unpackRow(userId, id, rows[i]!, null));
    return { items, nextCursor: ids.length > limit ? cursorOf(shown.at(-1)!) : null };
  }

  /** The existing notifications of a range of ids, oldest first. */
  async #range(
    userId: string,
    { list, oneRead, allRead }: FeedKeys,
    first: number,
    last: number,
  ): Promise<Notification[]> {
    if (last < first) return [];
    // Only marks for all at these ids, and one after the last id, can apply.
    const marksMax = last - first + 2;
    const [rows, ones, alls] = await answerOf(
      Promise.all([
        this.#redis.lrange(list, first - 1, last - 1),
        this.#redis.zrangebyscore(oneRead, first, last),
        this.#redis.zrangebyscore(allRead, first, '+inf', 'LIMIT', 0, marksMax),
      ]),
    );
    const oneReadAt = new Map(ones.map(markOf).map(({ id, readAt }) => [id, readAt]));
    const allMarks = alls.map(markOf);
    return rows.map((row, i) => {
      const id = first + i;
      const readAt = oneReadAt.get(id) ?? allMarks.find((mark) => mark.id >= id)?.readAt ?? null;
      return unpackRow(userId, id, row, readAt);
    });
  }
}

type StoredData = Stored<NewNotification['data']>;

interface FeedKeys {
  readonly list: string;
  readonly oneRead: string;
  readonly allRead: string;
}

function feedKeys(userId: string): FeedKeys {
  const bucket = bucketOf(userId);
  return {
    list: feedKey(bucket, userId),
    oneRead: oneReadKey(bucket, userId),
    allRead: allReadKey(bucket, userId),
  };
}

function scriptKeys({ list, oneRead, allRead }: FeedKeys): string[] {
  return [list, oneRead, allRead];
}

export function unpackRow(
  userId: string,
  id: number,
  row: string,
  readAt: number | null,
): Notification {
  if (!row.startsWith('[')) return { ...unpackNotification(userId, row), id: String(id), readAt };
  const [type, createdAt, stored] = JSON.parse(row) as [string, number, StoredData];
  return { id: String(id), userId, type, data: withOurNames(stored), createdAt, readAt };
}

/** `id:readAt` */
function markOf(mark: string): { id: number; readAt: number } {
  const colon = mark.indexOf(':');
  return { id: Number(mark.slice(0, colon)), readAt: Number(mark.slice(colon + 1)) };
}

function cursorOf(id: number): string {
  return encodeCursor('feed', { time: id, id: '' });
}
