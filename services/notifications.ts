// The notifications service: the kept feed of a user, with read marks, and what a reconnecting
// client missed (N1, N7).

import type { ServiceSchema } from 'moleculer';
import { refusal, success } from '../domain/refusal.ts';
import type { FeedStore } from '../storage/ports/feed.ts';
import { defineService } from './moleculer/define-service.ts';

export interface NotificationsServiceOptions {
  readonly feed: FeedStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export function notificationsService({ feed, now }: NotificationsServiceOptions): ServiceSchema {
  return defineService('notifications', {
    async list({ userId, unread, page }) {
      const [notifications, unreadCount] = await Promise.all([
        feed.list(userId, { unread }, page),
        feed.unreadCount(userId),
      ]);
      return success({
        items: notifications.items,
        nextCursor: notifications.nextCursor,
        unreadCount,
      });
    },
    async listAfter({ userId, afterId, limit }) {
      return success(await feed.listAfter(userId, afterId, limit));
    },
    async markRead({ userId, notificationId }) {
      const found = await feed.markRead(userId, notificationId, now());
      return found ? success(null) : refusal('not-found');
    },
    async markAllRead({ userId }) {
      await feed.markAllRead(userId, now());
      return success(null);
    },
  });
}
