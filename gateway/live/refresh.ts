// Reads one thing again after messages may have been lost. It runs one read at a time, queued with
// all other reads, retries a read that fails, and gives up after a number of attempts.

import type { Timer } from '../../actors/clock.ts';
import type { LoadQueue } from './load-queue.ts';
import type { LiveContext } from './live-context.ts';

export interface RefreshOptions {
  readonly context: LiveContext;
  readonly queue: LoadQueue;
  /** Resolves to false where the read failed. Never rejects. */
  readonly read: () => Promise<boolean>;
  readonly onGiveUp: () => void;
}

export class Refresh {
  readonly #options: RefreshOptions;
  #state: 'idle' | 'waiting' | 'reading' | 'ended' = 'idle';
  /** More messages may have been lost during the read: the read is repeated. */
  #requestedAgain = false;
  #failures = 0;
  #timer: Timer | null = null;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#state === 'reading') this.#requestedAgain = true;
    if (this.#state !== 'idle') return;
    this.#failures = 0;
    this.#wait();
  }

  /** Stops the refresh for ever. */
  end(): void {
    this.#state = 'ended';
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#state = 'waiting';
    if (!this.#options.queue.run(() => this.#read())) this.#retryLater();
  }

  async #read(): Promise<void> {
    if (this.#state !== 'waiting') return;
    this.#state = 'reading';
    this.#requestedAgain = false;
    const done = await this.#options.read();
    if (this.#state !== 'reading') return;
    if (!done) return this.#retryLater();
    this.#state = 'idle';
    if (this.#requestedAgain) this.start();
  }

  #retryLater(): void {
    const { clock, bounds } = this.#options.context;
    this.#state = 'waiting';
    this.#failures++;
    if (this.#failures >= bounds.refreshAttemptsMax) {
      this.#state = 'idle';
      return this.#options.onGiveUp();
    }
    this.#timer = clock.after(bounds.refreshRetryMs, () => {
      this.#timer = null;
      this.#wait();
    });
  }
}
