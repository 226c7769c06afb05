// Spaces calls of a provider that takes only so many a second. Turns are given in the order in
// which they were asked for; a pause, after the provider said that there were too many, delays them
// all.

import type { Clock } from '../../actors/clock.ts';

export interface CallPaceOptions {
  /** Calls a second, above 0. Read at each turn. */
  readonly rate: () => number;
  readonly clock: Clock;
}

export class CallPace {
  readonly #options: CallPaceOptions;
  /** Monotonic time of the next free turn. */
  #nextAt = -Infinity;

  constructor(options: CallPaceOptions) {
    this.#options = options;
  }

  /** How long a turn that is asked for now would wait. */
  get waitMs(): number {
    return Math.max(0, this.#nextAt - this.#options.clock.monotonic());
  }

  turn(): Promise<void> {
    const { rate, clock } = this.#options;
    const now = clock.monotonic();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + 1_000 / rate();
    if (at <= now) return Promise.resolve();
    return new Promise((resolve) => void clock.after(Math.ceil(at - now), resolve));
  }

  /** No turn begins for so long, besides those that are given already. */
  pause(ms: number): void {
    this.#nextAt = Math.max(this.#nextAt, this.#options.clock.monotonic() + ms);
  }
}
