// The one timer of a shard: it stands at the earliest deadline, and is set anew whenever that changes.

import type { Clock, Timer } from '../clock.ts';

export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #due: () => void;
  #timer: Timer | null = null;
  #at = Infinity;

  constructor(options: { readonly clock: Clock; readonly due: () => void }) {
    this.#clock = options.clock;
    this.#due = options.due;
  }

  /** Milliseconds since the Unix epoch; Infinity: never. It may be early: whoever is called looks what is due. */
  set(at: number): void {
    if (at === this.#at) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#at = at;
    if (at === Infinity) return;
    this.#timer = this.#clock.after(at - this.#clock.now(), () => {
      this.#timer = null;
      this.#at = Infinity;
      this.#due();
    });
  }
}
