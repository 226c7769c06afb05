// Sends a returning client the notifications it missed (N7): the feed after the last id it saw,
// page by page, in order, each once. Live notifications that arrive during the replay are not
// buffered: each is in the feed before it is on the bus, so the replay only records that one came,
// and reads on. One page is in memory at a time. The next page waits until the client has read most
// of this one.

import type { LiveContext } from './live-context.ts';
import { notificationFrame } from './frames.ts';

export interface ReplayTarget {
  readonly userId: string;
  readonly isClosed: boolean;
  /** False when the frame could not be sent and the connection was closed. */
  sendNotification(text: string): boolean;
  bufferedBytes(): number;
  /**
   * Everything up to `lastId` was sent, `count` notifications. Live notifications follow. `lastId`
   * is the end of the feed if the client resumed beyond it.
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

export class Replay {
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

  constructor(options: { context: LiveContext; target: ReplayTarget; after: string }) {
    this.#context = options.context;
    this.#target = options.target;
    this.#lastId = options.after;
    this.#startUnchecked = options.context.feedIdsContiguous && Number(options.after) > 0;
  }

  start(): void {
    if (!this.#context.feedLoads.run(() => this.#readPage())) this.#target.replayFailed();
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
    if (this.#target.isClosed) return;
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
      if (this.#target.isClosed) return;
      if (!page.ok) return this.#target.replayFailed();
      if (this.#startUnchecked && page.value.length === 0) return await this.#startAtEnd();
      this.#startUnchecked = false;
      for (const notification of page.value) {
        if (compareNotificationIds(notification.id, this.#lastId) <= 0) continue;
        const frame = notificationFrame(notification, this.#context.clock.now());
        if (!this.#target.sendNotification(frame)) return;
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
      if (!this.#target.isClosed) this.#target.replayFailed();
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
    if (this.#target.isClosed) return;
    if (!newest.ok) return this.#target.replayFailed();
    this.#startUnchecked = false;
    this.#lastId = newest.value.items[0]?.id ?? '0';
    await this.#readPage();
  }

  #clientIsBehind(): boolean {
    return this.#target.bufferedBytes() > this.#context.bounds.replayBufferedBytesMax;
  }
}
