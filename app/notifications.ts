// A user's stored feed, with read marks, and the notifications that a reconnecting client missed
// (N1, N7).

import type { ActionParams } from '../contracts/actions.ts';
import type { Notification, NotificationsPage } from '../contracts/notifications.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { FeedStore } from '../storage/ports/feed.ts';

export interface NotificationsOptions {
  readonly feed: FeedStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class Notifications {
  readonly #options: NotificationsOptions;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  async list({
    userId,
    unread,
    page,
  }: ActionParams<'notifications.list'>): Promise<Outcome<NotificationsPage>> {
    const { feed } = this.#options;
    const [{ items, nextCursor }, unreadCount] = await Promise.all([
      feed.list(userId, { unread }, page),
      feed.unreadCount(userId),
    ]);
    return success({ items, nextCursor, unreadCount });
  }

  async listAfter({
    userId,
    afterId,
    limit,
  }: ActionParams<'notifications.listAfter'>): Promise<Outcome<readonly Notification[]>> {
    return success(await this.#options.feed.listAfter(userId, afterId, limit));
  }

  async markRead({
    userId,
    notificationId,
  }: ActionParams<'notifications.markRead'>): Promise<Outcome<null>> {
    const { feed, now } = this.#options;
    const found = await feed.markRead(userId, notificationId, now());
    return found ? success(null) : refusal('not-found');
  }

  async markAllRead({
    userId,
    upTo,
  }: ActionParams<'notifications.markAllRead'>): Promise<Outcome<null>> {
    const { feed, now } = this.#options;
    await feed.markAllRead(userId, now(), upTo);
    return success(null);
  }
}
