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
  /** Everything up to `lastId` was sent. Live notifications follow. */
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
  /** A live notification arrived since the read of the present page began. */
  #notifiedMeanwhile = false;
  #paused = false;

  constructor(options: { context: LiveContext; target: ReplayTarget; after: string }) {
    this.#context = options.context;
    this.#target = options.target;
    this.#lastId = options.after;
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
        afterId: this.#lastId,
        limit,
      });
      if (this.#target.isClosed) return;
      if (!page.ok) return this.#target.replayFailed();
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

  #clientIsBehind(): boolean {
    return this.#target.bufferedBytes() > this.#context.bounds.replayBufferedBytesMax;
  }
}
