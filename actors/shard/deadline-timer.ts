// The one timer of a shard's loop: set to its earliest deadline, and set anew whenever that
// changes. Deadlines are wall time.

import type { Clock, Timer } from '../clock.ts';

/**
 * Wall time may be set while a deadline is waited for: it is compared again at least this often.
 */
const DEADLINE_CHECK_INTERVAL_MS = 1000;

export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #timer: Timer | null = null;
  #at = Infinity;

  constructor(options: { readonly clock: Clock; readonly wake: () => void }) {
    this.#clock = options.clock;
    this.#wake = options.wake;
  }

  /** Milliseconds since the Unix epoch; Infinity: never. */
  set(at: number): void {
    if (at === this.#at) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#at = at;
    if (at !== Infinity) this.#wait();
  }

  #wait(): void {
    const delayMs = Math.min(this.#at - this.#clock.now(), DEADLINE_CHECK_INTERVAL_MS);
    this.#timer = this.#clock.after(delayMs, () => {
      if (this.#clock.now() < this.#at) return this.#wait();
      this.#timer = null;
      this.#at = Infinity;
      this.#wake();
    });
  }
}
