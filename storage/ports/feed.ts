// The feed port: the stored notifications of each user, newest first, with read marks (N1, N2, N7).
// The relay fills it.

import type { NewNotification, Notification } from '../../contracts/notifications.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Projection, ProjectionBatch } from './projection.ts';
import type { Reconciled, ReconcileOptions } from './reconciled.ts';

/** The highest unread count, so that a feed that is never read costs no more than others. */
export const UNREAD_COUNT_MAX = 10_000;

export interface FeedStore extends Projection {
  /**
   * Appends the rows of all batches above their shard's position, in order, and resolves to the
   * added notifications with their ids, in order. Repeating a call after an error adds each row
   * once. Errors: `store-unavailable`.
   */
  append(batches: readonly ProjectionBatch<NewNotification>[]): Promise<Notification[]>;
  /** Newest first. */
  list(userId: string, filter: { unread: boolean }, page: PageRequest): Promise<Page<Notification>>;
  /**
   * Notifications after `afterId`, oldest first, at most `limit`: for a client that reconnects
   * (N7). Errors: `invalid-cursor` if `afterId` is no id.
   */
  listAfter(userId: string, afterId: string, limit: number): Promise<Notification[]>;
  /** Exact up to `UNREAD_COUNT_MAX`, and never above it. */
  unreadCount(userId: string): Promise<number>;
  /** False without such a notification. Idempotent: the first time of reading stays. */
  markRead(userId: string, notificationId: string, now: number): Promise<boolean>;
  /**
   * Marks all notifications up to the id as read, or all without one. Idempotent: the first time of
   * reading stays. An id beyond the end counts as the end. Errors: `invalid-cursor` if `upTo` is no
   * id.
   */
  markAllRead(userId: string, now: number, upTo?: string): Promise<void>;
  /**
   * Compares read marks with the feeds, and mends those by which an unread count is wrong (L3):
   * marks beyond the end of a feed, by which later notifications would begin as read, and marks
   * that count twice. For feeds that are up to date with their journals. One call at a time.
   * Errors: `store-unavailable`.
   */
  reconcile(options: ReconcileOptions): Promise<Reconciled>;
}
