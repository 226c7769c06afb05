// What a returning client missed (N7): the feed after the last id it saw, page by page, in order,
// each once. Live notifications that arrive meanwhile are not kept here: they are in the feed
// before they reach the bus, so it is enough to note that there was one and to read on. One page is
// in memory at a time, and the next waits until the client has read most of this one.

import type { LiveContext } from './live-context.ts';
import { notificationFrame } from './frames.ts';

export interface ReplayTarget {
  readonly userId: string;
  readonly isClosed: boolean;
  /** False when the frame could not be kept and the connection has ended. */
  sendNotification(text: string): boolean;
  bufferedBytes(): number;
  /** Everything up to `lastId` was sent; live notifications go on from here. */
  replayEnded(lastId: string, count: number): void;
  /** The feed cannot be read now. */
  replayFailed(): void;
}

/**
 * Less than 0, 0 or more, as `a` is before, at or after `b`. Ids are decimal digits without leading
 * zeros.
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
  /** A live notification came since the page being read was asked for. */
  #noted = false;
  #paused = false;

  constructor(options: { context: LiveContext; target: ReplayTarget; after: string }) {
    this.#context = options.context;
    this.#target = options.target;
    this.#lastId = options.after;
  }

  start(): void {
    if (!this.#context.feedLoads.run(() => this.#readPage())) this.#target.replayFailed();
  }

  note(): void {
    this.#noted = true;
  }

  /** The client has read some. */
  drained(): void {
    if (!this.#paused || this.#isBehind()) return;
    this.#paused = false;
    this.start();
  }

  async #readPage(): Promise<void> {
    if (this.#target.isClosed) return;
    this.#noted = false;
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
        if (!this.#target.sendNotification(notificationFrame(notification))) return;
        this.#lastId = notification.id;
        this.#count++;
      }
      if (page.value.length < limit && !this.#noted)
        this.#target.replayEnded(this.#lastId, this.#count);
      else if (this.#isBehind()) this.#paused = true;
      else this.start();
    } catch (error) {
      this.#context.log.error(
        { err: error, userId },
        'a feed could not be read for the live stream',
      );
      if (!this.#target.isClosed) this.#target.replayFailed();
    }
  }

  #isBehind(): boolean {
    return this.#target.bufferedBytes() > this.#context.bounds.replayBufferedBytesMax;
  }
}
