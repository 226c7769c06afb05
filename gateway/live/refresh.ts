// Reading something anew after messages may have been lost: once at a time, in its turn among all
// others, again where it fails, and given up after a number of attempts.

import type { Timer } from '../../actors/clock.ts';
import type { Lane } from './lane.ts';
import type { LiveContext } from './live-context.ts';

export interface RefreshOptions {
  readonly context: LiveContext;
  readonly lane: Lane;
  /** Resolves to false where it could not be read now. Never rejects. */
  readonly read: () => Promise<boolean>;
  readonly givenUp: () => void;
}

export class Refresh {
  readonly #options: RefreshOptions;
  #state: 'idle' | 'waiting' | 'reading' | 'ended' = 'idle';
  /** More was lost while it was being read. */
  #again = false;
  #failures = 0;
  #timer: Timer | null = null;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#state === 'reading') this.#again = true;
    if (this.#state !== 'idle') return;
    this.#failures = 0;
    this.#wait();
  }

  /** For good. */
  end(): void {
    this.#state = 'ended';
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#state = 'waiting';
    if (!this.#options.lane.run(() => this.#read())) this.#failed();
  }

  async #read(): Promise<void> {
    if (this.#state !== 'waiting') return;
    this.#state = 'reading';
    this.#again = false;
    const done = await this.#options.read();
    if (this.#state !== 'reading') return;
    if (!done) return this.#failed();
    this.#state = 'idle';
    if (this.#again) this.start();
  }

  #failed(): void {
    const { clock, bounds } = this.#options.context;
    this.#state = 'waiting';
    this.#failures++;
    if (this.#failures >= bounds.refreshAttemptsMax) {
      this.#state = 'idle';
      return this.#options.givenUp();
    }
    this.#timer = clock.after(bounds.refreshRetryMs, () => {
      this.#timer = null;
      this.#wait();
    });
  }
}
