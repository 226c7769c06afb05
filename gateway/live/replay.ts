// Sends a client its notifications from the feed (N7): those that a returning client missed, or
// those that came before a client was expected to resume and were too many to be buffered. The feed
// is read after an id, page by page, in order, each notification once. Live notifications that
// arrive during the replay are not buffered: each is in the feed before it is on the bus, so the
// replay only records that one came, and reads on. One page is in memory at a time. The next page
// waits until the client has read most of this one.

import type { Notification } from '../../contracts/notifications.ts';
import type { LiveContext } from './live-context.ts';

export interface ReplayTarget {
  readonly userId: string;
  readonly isClosed: boolean;
  /** False when it could not be sent and the connection was closed. */
  sendNotification(notification: Notification): boolean;
  bufferedBytes(): number;
  /**
   * Everything up to `lastId` was sent, `count` notifications. Live notifications follow. `lastId`
   * is the end of the feed if the client resumed beyond it. The target still has the replay.
   */
  replayEnded(lastId: string, count: number): void;
  /** The feed cannot be read now. */
  replayFailed(): void;
}

/**
 * Less than 0, 0, or more than 0: `a` is before, at, or after `b`. Ids are decimal digits without
 * leading zeros.
 */
export function compareNotificationIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface ReplayOptions {
  readonly context: LiveContext;
  readonly target: ReplayTarget;
  readonly after: string;
  /** The client asked for it, and says with `after` what it has. */
  readonly isResume: boolean;
}

export class Replay {
  readonly after: string;
  readonly isResume: boolean;
  readonly #context: LiveContext;
  readonly #target: ReplayTarget;
  #lastId: string;
  #count = 0;
  /**
   * The feed may end before the id after which the client resumes. Where ids are contiguous, the
   * first page shows it: it begins with that id itself.
   */
  #startUnchecked: boolean;
  /** A live notification arrived since the read of the present page began. */
  #notifiedMeanwhile = false;
  #paused = false;
  /** Another replay takes its place. */
  #ended = false;

  constructor(options: ReplayOptions) {
    this.after = options.after;
    this.isResume = options.isResume;
    this.#context = options.context;
    this.#target = options.target;
    this.#lastId = options.after;
    this.#startUnchecked = options.context.feedIdsContiguous && Number(options.after) > 0;
  }

  start(): void {
    if (!this.#context.feedLoads.run(() => this.#readPage())) this.#target.replayFailed();
  }

  /** Nothing more is sent, and the target is not called again. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Whether the replay sends a live notification of this id. A client that resumes has all earlier
   * ones; else one that was overtaken may come later than those that the replay begins with.
   */
  covers(id: string): boolean {
    return this.isResume || compareNotificationIds(id, this.after) > 0;
  }

  notified(): void {
    this.#notifiedMeanwhile = true;
  }

  /** The client has read part of its buffer. */
  drained(): void {
    if (!this.#paused || this.#clientIsBehind()) return;
    this.#paused = false;
    this.start();
  }

  async #readPage(): Promise<void> {
    if (this.#isOver()) return;
    this.#notifiedMeanwhile = false;
    const { userId } = this.#target;
    const limit = this.#context.bounds.replayPageSize;
    try {
      await this.#context.bus.settled();
      const page = await this.#context.call('notifications.listAfter', {
        userId,
        afterId: this.#startUnchecked ? String(Number(this.#lastId) - 1) : this.#lastId,
        limit,
      });
      if (this.#isOver()) return;
      if (!page.ok) return this.#target.replayFailed();
      if (this.#startUnchecked && page.value.length === 0) return await this.#startAtEnd();
      this.#startUnchecked = false;
      for (const notification of page.value) {
        if (compareNotificationIds(notification.id, this.#lastId) <= 0) continue;
        if (!this.#target.sendNotification(notification)) return;
        this.#lastId = notification.id;
        this.#count++;
      }
      if (page.value.length < limit && !this.#notifiedMeanwhile)
        this.#target.replayEnded(this.#lastId, this.#count);
      else if (this.#clientIsBehind()) this.#paused = true;
      else this.start();
    } catch (error) {
      this.#context.log.error(
        { err: error, userId },
        'a feed could not be read for the live stream',
      );
      if (!this.#isOver()) this.#target.replayFailed();
    }
  }

  /** The client named an id beyond the end of the feed, so it has nothing to get before the end. */
  async #startAtEnd(): Promise<void> {
    const { userId } = this.#target;
    const newest = await this.#context.call('notifications.list', {
      userId,
      unread: false,
      page: { limit: 1, cursor: null },
    });
    if (this.#isOver()) return;
    if (!newest.ok) return this.#target.replayFailed();
    this.#startUnchecked = false;
    this.#lastId = newest.value.items[0]?.id ?? '0';
    await this.#readPage();
  }

  #isOver(): boolean {
    return this.#ended || this.#target.isClosed;
  }

  #clientIsBehind(): boolean {
    return this.#target.bufferedBytes() > this.#context.bounds.replayBufferedBytesMax;
  }
}
