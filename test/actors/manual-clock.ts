// A clock that stands still until the test moves it; timers fire in order on the way. Wall time can
// be set apart from the monotonic time, as an administrator or NTP does on a real machine.

import type { Clock, Timer } from '../../actors/clock.ts';

interface Waiting {
  readonly at: number;
  readonly call: () => void;
}

export class ManualClock implements Clock {
  #monotonic = 0;
  /** Wall time less monotonic time. */
  #wallOffset: number;
  #waiting: Waiting[] = [];

  constructor(now: number) {
    this.#wallOffset = now;
  }

  now(): number {
    return this.#monotonic + this.#wallOffset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Timers that have neither fired nor been cancelled. */
  get timerCount(): number {
    return this.#waiting.length;
  }

  /** Sets wall time on or, where negative, back, while no time passes. */
  shiftWall(ms: number): void {
    this.#wallOffset += ms;
  }

  after(delayMs: number, call: () => void): Timer {
    const waiting = { at: this.#monotonic + Math.max(0, delayMs), call };
    this.#waiting.push(waiting);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
      },
    };
  }

  /** Moves time on, and lets whatever the timers started run as far as it can without real I/O. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    for (;;) {
      await flush();
      const next = this.#waiting
        .filter((waiting) => waiting.at <= until)
        .sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#monotonic = Math.max(this.#monotonic, next.at);
      next.call();
    }
    this.#monotonic = until;
    await flush();
  }
}

/** Lets promises and immediates that are ready run. */
export async function flush(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
