// The feed port: each user's kept notifications, newest first, with read marks (N1, N2, N7). Fed by
// the relay.

import type { NewNotification, Notification } from '../../contracts/notifications.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Projection, ProjectionBatch } from './projection.ts';

/** Where counting the unread ends, so that a feed nobody reads costs no more than others. */
export const UNREAD_COUNT_MAX = 10_000;

export interface FeedStore extends Projection {
  /**
   * Appends the rows of all batches, each user's in order, and resolves to the notifications kept,
   * in order, with their ids; those of batches at or behind a shard's position are left out. What
   * is given again after an error has the effect of once. Errors: `store-unavailable`.
   */
  append(batches: readonly ProjectionBatch<NewNotification>[]): Promise<Notification[]>;
  /** Newest first. */
  list(userId: string, filter: { unread: boolean }, page: PageRequest): Promise<Page<Notification>>;
  /**
   * Notifications after `afterId`, oldest first, at most `limit`: what a reconnecting client missed
   * (N7). Errors: `invalid-cursor` when `afterId` is no id.
   */
  listAfter(userId: string, afterId: string, limit: number): Promise<Notification[]>;
  /** Exact below `UNREAD_COUNT_MAX`, and never above it. */
  unreadCount(userId: string): Promise<number>;
  /** False where the user has no such notification. Idempotent: the first time of reading stays. */
  markRead(userId: string, notificationId: string, now: number): Promise<boolean>;
  markAllRead(userId: string, now: number): Promise<void>;
}
