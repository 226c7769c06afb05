// The notifications that were delivered to a user's connections, by their ids: so that none is
// delivered twice, and those are found that the bus did not bring (N7).

import type { Notification } from '../../contracts/notifications.ts';
import type { LiveContext } from './live-context.ts';
import { compareNotificationIds } from './replay.ts';

export class DeliveredNotifications {
  readonly #context: Pick<LiveContext, 'bounds' | 'feedIdsContiguous'>;
  readonly #recentIds: string[] = [];
  /**
   * The highest id that was evicted from `#recentIds`. After a gap, ids up to it are not searched
   * for.
   */
  #evictedId = '0';
  /**
   * Where ids are contiguous: every notification after `after` and up to `to` was delivered, in
   * order. Null until a client has resumed or a notification was delivered.
   */
  #range: { readonly after: string; to: string } | null = null;

  constructor(context: Pick<LiveContext, 'bounds' | 'feedIdsContiguous'>) {
    this.#context = context;
  }

  /** A client has received everything up to this id from the feed. */
  resumedTo(id: string): void {
    if (this.#context.feedIdsContiguous) this.#range ??= { after: id, to: id };
  }

  /** Whether an earlier notification has not arrived: it was overtaken, or was never published. */
  leavesGap(id: string): boolean {
    return this.#range !== null && Number(id) > Number(this.#range.to) + 1;
  }

  /** Whether a notification of the feed was not delivered, by a channel that was opened then. */
  isMissing({ id, createdAt }: Notification, openedAt: number): boolean {
    if (this.#range !== null) return compareNotificationIds(id, this.#range.to) > 0;
    return (
      createdAt >= openedAt &&
      !this.#recentIds.includes(id) &&
      compareNotificationIds(id, this.#evictedId) > 0
    );
  }

  /** Records that the notification is delivered; false where it was delivered lately. */
  add(id: string): boolean {
    if (this.#isRepeat(id)) return false;
    if (this.#context.feedIdsContiguous) this.#range ??= { after: id, to: id };
    return true;
  }

  /**
   * Each id is compared with the recent ones and not with the highest one: ids of two shards may
   * arrive out of order, and a late one must not be lost. Where ids are contiguous, no id within
   * the delivered range is late.
   */
  #isRepeat(id: string): boolean {
    if (this.#range !== null && compareNotificationIds(id, this.#range.after) > 0) {
      if (compareNotificationIds(id, this.#range.to) <= 0) return true;
      this.#range.to = id;
    }
    if (this.#recentIds.includes(id)) return true;
    this.#recentIds.push(id);
    if (this.#recentIds.length > this.#context.bounds.recentIdsMax) {
      const evicted = this.#recentIds.shift()!;
      if (compareNotificationIds(evicted, this.#evictedId) > 0) this.#evictedId = evicted;
    }
    return false;
  }
}
