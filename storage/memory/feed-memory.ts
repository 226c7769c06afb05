// The notifications of all users in memory, for tests.

import { type FeedStore, UNREAD_COUNT_MAX } from '../ports/feed.ts';
import type { NewNotification, Notification } from '../../contracts/notifications.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import { lastNotificationId, parseNotificationId } from '../formats/feed-ids.ts';
import { InvalidCursorError } from '../ports/page.ts';
import type { ProjectionBatch } from '../ports/projection.ts';
import { NOTHING_DERIVED, type Reconciled } from '../ports/reconciled.ts';
import { pageNewestFirst } from './newest-first.ts';
import { MemoryPositions } from './positions.ts';

export class MemoryFeedStore implements FeedStore {
  readonly #feeds = new Map<string, Notification[]>();
  readonly #positions = new MemoryPositions();
  #lastId = 0;

  async position(shard: number): Promise<number> {
    return this.#positions.of(shard);
  }

  async append(batches: readonly ProjectionBatch<NewNotification>[]): Promise<Notification[]> {
    return this.#positions.take(batches).map((row) => {
      this.#lastId += 1;
      const notification = { ...row, id: String(this.#lastId), readAt: null };
      const feed = this.#feeds.get(row.userId);
      if (feed === undefined) this.#feeds.set(row.userId, [notification]);
      else feed.push(notification);
      return notification;
    });
  }

  async list(
    userId: string,
    filter: { unread: boolean },
    page: PageRequest,
  ): Promise<Page<Notification>> {
    const shown = this.#feed(userId).filter((one) => !filter.unread || one.readAt === null);
    return pageNewestFirst('feed', shown, (one) => ({ time: Number(one.id), id: '' }), page);
  }

  async listAfter(userId: string, afterId: string, limit: number): Promise<Notification[]> {
    const after = parseNotificationId(afterId);
    if (after === null) throw new InvalidCursorError('not a notification id');
    return this.#feed(userId)
      .filter((one) => Number(one.id) > after)
      .slice(0, limit);
  }

  async unreadCount(userId: string): Promise<number> {
    const unread = this.#feed(userId).filter((one) => one.readAt === null).length;
    return Math.min(unread, UNREAD_COUNT_MAX);
  }

  async markRead(userId: string, notificationId: string, now: number): Promise<boolean> {
    const feed = this.#feed(userId);
    const index = feed.findIndex((one) => one.id === notificationId);
    const found = feed[index];
    if (found === undefined) return false;
    feed[index] = { ...found, readAt: found.readAt ?? now };
    return true;
  }

  async markAllRead(userId: string, now: number, upTo?: string): Promise<void> {
    const feed = this.#feed(userId);
    const last = lastNotificationId(upTo);
    this.#feeds.set(
      userId,
      feed.map((one) => (Number(one.id) > last ? one : { ...one, readAt: one.readAt ?? now })),
    );
  }

  async reconcile(): Promise<Reconciled> {
    return NOTHING_DERIVED;
  }

  #feed(userId: string): Notification[] {
    return this.#feeds.get(userId) ?? [];
  }
}
