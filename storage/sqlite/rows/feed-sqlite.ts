// The notifications of all users on SQLite, as rows by user (`user-rows.ts`). Read marks are stored
// beside them: one mark for all notifications up to an id, and one for each single read above it.

import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { type FeedStore, UNREAD_COUNT_MAX } from '../../ports/feed.ts';
import type { NewNotification, Notification } from '../../../contracts/notifications.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { lastNotificationId, parseNotificationId } from '../../formats/feed-ids.ts';
import { InvalidCursorError } from '../../ports/page.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import type { Reconciled, ReconcileOptions } from '../../ports/reconciled.ts';
import { packNotification, unpackNotification } from './order-rows.ts';
import { readQuery } from '../thread/read-query.ts';
import { ReadMarks } from './read-marks.ts';
import { NOTIFICATIONS } from './row-log.ts';
import { NOTIFICATION_ID, type RowOwner, rowOwner, RowPacker, type RowPlace } from './row-pack.ts';
import type { ProjectionsDatabase, UserRows } from './user-rows.ts';

const ALL = Number.POSITIVE_INFINITY;
const LISTS = [NOTIFICATIONS] as const;

export class SqliteFeedStore implements FeedStore {
  readonly #rows: UserRows;
  readonly #writer;
  readonly #packer = new RowPacker();
  readonly #marks: ReadMarks;
  readonly #isRestored;
  readonly #readThrough;
  readonly #readAbove;
  readonly #readAtAll;
  readonly #readAtOnes;

  constructor(options: ProjectionsDatabase & { readonly rows: UserRows }) {
    this.#rows = options.rows;
    this.#writer = options.writer;
    const { reader } = options;
    this.#marks = new ReadMarks(options);
    this.#isRestored = reader
      .prepare<[string], number>('select 1 from rows_restored where user_id = ?')
      .pluck();
    // `+?`: see `docs/decisions/118-values-that-plan-nothing.md`.
    this.#readThrough = reader
      .prepare<[string], number | null>('select max(through_id) from read_all where user_id = +?')
      .pluck();
    this.#readAbove = reader
      .prepare<[string, number], number>('select id from read_one where user_id = ? and id > ?')
      .pluck();
    this.#readAtAll = reader
      .prepare<[{ userId: string; first: number; last: number }], [number, number]>(`
        select through_id, read_at from read_all
        where user_id = +@userId and through_id >= @first and through_id <= coalesce((
          select min(through_id) from read_all where user_id = +@userId and through_id >= @last
        ), @last)
        order by through_id`)
      .raw();
    this.#readAtOnes = reader
      .prepare<[string, number, number], [number, number]>(
        'select id, read_at from read_one where user_id = ? and id between ? and ?',
      )
      .raw();
  }

  /** The returned position survives a power failure, so the journal may be trimmed up to it. */
  position(shard: number): Promise<number> {
    return this.#rows.syncedPosition(LISTS, shard);
  }

  append(batches: readonly ProjectionBatch<NewNotification>[]): Promise<Notification[]> {
    return this.#rows.inTurn(async () => {
      const fresh = this.#rows.fresh(LISTS, batches);
      this.#packer.begin();
      const added: Notification[] = [];
      let id = this.#rows.notificationIdMax();
      for (const { rows } of fresh) {
        for (const row of rows) {
          id += 1;
          packNotification(this.#packer, id, row);
          added.push({ ...row, id: String(id), readAt: null });
        }
      }
      await this.#rows.append(LISTS, this.#packer.take(), fresh);
      return added;
    });
  }

  async list(
    userId: string,
    filter: { unread: boolean },
    page: PageRequest,
  ): Promise<Page<Notification>> {
    const { time: keyBelow } = decodeCursor('feed', page.cursor);
    const needed = page.limit + 1;
    const found = filter.unread
      ? this.#unread(userId, keyBelow, needed)
      : this.#newest(userId, 0, keyBelow - 1, needed);
    const places = found.slice(0, page.limit);
    const last = places.at(-1);
    const more = last !== undefined && found.length > places.length;
    return {
      items: this.#present(userId, places),
      nextCursor: more ? encodeCursor('feed', { time: last.key, id: '' }) : null,
    };
  }

  async listAfter(userId: string, afterId: string, limit: number): Promise<Notification[]> {
    const after = parseNotificationId(afterId);
    if (after === null) throw new InvalidCursorError('not a notification id');
    if (this.#wasRestored(userId)) {
      const places = this.#newest(userId, after + 1, ALL, ALL).reverse();
      return this.#present(userId, places.slice(0, limit));
    }
    const owner = rowOwner(userId);
    const places: RowPlace[] = [];
    const rows = this.#rows;
    for (const { generation } of rows
      .settledGenerations(NOTIFICATION_ID, after + 1, ALL)
      .toReversed()) {
      if (places.length >= limit) break;
      places.push(
        ...rows.settledRows(owner, generation, NOTIFICATION_ID, after + 1, ALL, ALL).toReversed(),
      );
    }
    if (places.length < limit) {
      places.push(...rows.recentRows(owner, NOTIFICATION_ID, after + 1, ALL, ALL).toReversed());
    }
    return this.#present(userId, places.slice(0, limit));
  }

  async unreadCount(userId: string): Promise<number> {
    return this.#unread(userId, ALL, UNREAD_COUNT_MAX).length;
  }

  async markRead(userId: string, notificationId: string, now: number): Promise<boolean> {
    const id = parseNotificationId(notificationId);
    if (id === null || this.#newest(userId, id, id, 1).length === 0) return false;
    await this.#writer.submit('markRead', userId, id, now);
    return true;
  }

  async markAllRead(userId: string, now: number, upTo?: string): Promise<void> {
    const [newest] = this.#newest(userId, 0, lastNotificationId(upTo), 1);
    if (newest !== undefined) await this.#writer.submit('markAllRead', userId, newest.key, now);
  }

  reconcile(options: ReconcileOptions): Promise<Reconciled> {
    return this.#marks.reconcile(options);
  }

  /** True for few users: their rows were lost and restored. */
  #wasRestored(userId: string): boolean {
    return readQuery(() => this.#isRestored.get(userId)) !== undefined;
  }

  #newest(userId: string, keyMin: number, keyMax: number, limit: number): RowPlace[] {
    const owner = rowOwner(userId);
    if (!this.#wasRestored(userId)) return this.#lastAdded(owner, keyMin, keyMax, limit);
    const places = this.#lastAdded(owner, keyMin, keyMax, ALL);
    return places.sort((a, b) => b.key - a.key).slice(0, limit);
  }

  /** The last added are the newest if no row was restored. */
  #lastAdded(owner: RowOwner, keyMin: number, keyMax: number, limit: number): RowPlace[] {
    const rows = this.#rows;
    const places = rows.recentRows(owner, NOTIFICATION_ID, keyMin, keyMax, limit);
    for (const { generation } of rows.settledGenerations(NOTIFICATION_ID, keyMin, keyMax)) {
      const left = limit - places.length;
      if (left <= 0) break;
      places.push(...rows.settledRows(owner, generation, NOTIFICATION_ID, keyMin, keyMax, left));
    }
    return places;
  }

  #unread(userId: string, keyBelow: number, limit: number): RowPlace[] {
    const through = readQuery(() => this.#readThrough.get(userId)) ?? 0;
    const read = new Set(readQuery(() => this.#readAbove.all(userId, through)));
    const places = this.#newest(userId, through + 1, keyBelow - 1, limit + read.size);
    return places.filter(({ key }) => !read.has(key)).slice(0, limit);
  }

  #present(userId: string, places: readonly RowPlace[]): Notification[] {
    if (places.length === 0) return [];
    const ids = places.map(({ key }) => key);
    const [first, last] = [Math.min(...ids), Math.max(...ids)];
    const ones = new Map(readQuery(() => this.#readAtOnes.all(userId, first, last)));
    // From the first that concerns the page to the one that reaches its last notification. A mark
    // ends at a notification of the user, so they are hardly more than the page has.
    const alls = readQuery(() => this.#readAtAll.all({ userId, first, last }));
    return places.map((place) => {
      const { key } = place;
      const readAt = ones.get(key) ?? alls.find(([through]) => through >= key)?.[1] ?? null;
      return { id: String(key), ...unpackNotification(place), readAt };
    });
  }
}
