// A user's stored feed, with read marks, and the notifications that a reconnecting client missed
// (N1, N7).

import type { ActionParams } from '../contracts/actions.ts';
import type { Notification, NotificationsPage } from '../contracts/notifications.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { FeedStore } from '../storage/ports/feed.ts';
import type { Answered, RequestLog } from '../storage/ports/requests.ts';
import { outcomeOf } from './repeated-requests.ts';

/** Below the id of every notification. */
const BEFORE_ALL = '0';

export interface NotificationsOptions {
  readonly feed: FeedStore;
  readonly requests: RequestLog;
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
    request,
  }: ActionParams<'notifications.markRead'>): Promise<Outcome<null>> {
    const { feed, requests, now } = this.#options;
    const found = await feed.markRead(userId, notificationId, now());
    if (!found) return refusal('not-found');
    // What is read stays read, so a repeat before this note changes nothing.
    return request === undefined ? success(null) : doneOf(await requests.keep(request, ''));
  }

  async markAllRead({
    userId,
    upTo,
    request,
  }: ActionParams<'notifications.markAllRead'>): Promise<Outcome<null>> {
    const { feed, requests, now } = this.#options;
    if (request === undefined) {
      await feed.markAllRead(userId, now(), upTo);
      return success(null);
    }
    // A repeat marks no later notification: the end is noted first. What is read stays read.
    const kept = await requests.keep(request, upTo ?? (await this.#newest(userId)));
    if ('value' in kept) await feed.markAllRead(userId, now(), kept.value);
    return doneOf(kept);
  }

  async #newest(userId: string): Promise<string> {
    const page = { limit: 1, cursor: null };
    const { items } = await this.#options.feed.list(userId, { unread: false }, page);
    return items[0]?.id ?? BEFORE_ALL;
  }
}

function doneOf(kept: Answered<string>): Outcome<null> {
  const outcome = outcomeOf(kept);
  return outcome.ok ? { ...outcome, value: null } : outcome;
}
