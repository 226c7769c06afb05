// How slow a client may be. Only the time counts in which the client is waited for: a slow store is
// not the client's fault.

import type { Clock, Timer } from '../../actors/clock.ts';

export interface Pace {
  /** Of waiting for the client, in milliseconds. */
  readonly windowMs: number;
  /** A client that moves fewer bytes in that time is too slow. */
  readonly bytesMin: number;
}

/** 4 KiB a second: an old mobile network has more. */
export const LEAST_PACE: Pace = { windowMs: 30_000, bytesMin: 30 * 4 * 1024 };
const CHECKS_PER_WINDOW = 10;

export interface LeastRateOptions {
  /** Whether the client is waited for now. */
  readonly isWaiting: () => boolean;
  /** Bytes that were moved so far. */
  readonly moved: () => number;
  /** Called once, unless `stop` was called before. */
  readonly onSlow: () => void;
  readonly pace: Pace;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
}

export class LeastRate {
  readonly #options: LeastRateOptions;
  #timer: Timer | null = null;
  #checkedAt: number;
  #waitedMs = 0;
  #movedBefore: number;

  constructor(options: LeastRateOptions) {
    this.#options = options;
    this.#checkedAt = options.clock.monotonic();
    this.#movedBefore = options.moved();
    this.#checkLater();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #checkLater(): void {
    const { clock, pace } = this.#options;
    this.#timer = clock.after(pace.windowMs / CHECKS_PER_WINDOW, () => this.#check());
  }

  #check(): void {
    const { isWaiting, moved, onSlow, pace, clock } = this.#options;
    const now = clock.monotonic();
    if (isWaiting()) this.#waitedMs += now - this.#checkedAt;
    this.#checkedAt = now;
    if (this.#waitedMs >= pace.windowMs) {
      const movedNow = moved();
      if (movedNow - this.#movedBefore < pace.bytesMin) return onSlow();
      this.#waitedMs = 0;
      this.#movedBefore = movedNow;
    }
    this.#checkLater();
  }
}
