// The clock of a cluster's node, held against the time of the store. Every node reaches the same
// store, so its time is the one that all of them can agree on. The node's own clock counts while it
// is near that time. Beyond, this clock follows the store, so that a node with a wrong clock cannot
// write entries of another time into a journal (the next owner of a shard continues from there).
//
// The store's time is known within half of a round trip: the store read it at some moment between
// the request and its answer. Between two answers it goes on with this machine's monotonic clock,
// so a wall clock that is set meanwhile changes nothing.

import type { Clock, Timer } from '../clock.ts';

/** A node whose clock differs from the store's time by more than this gets no session. */
export const CLOCK_SKEW_MAX_MS = 1_000;
/**
 * No node writes an entry that is further ahead of the store's time. Twice `CLOCK_SKEW_MAX_MS`,
 * because two owners may differ in both directions, and the same again for slow round trips.
 */
export const ENTRY_AHEAD_MAX_MS = 4 * CLOCK_SKEW_MAX_MS;

/** The clock of this machine differs too much from the store's time. */
export class ClockSkewError extends Error {
  readonly code = 'clock-skew';

  constructor(skewMs: number) {
    super(
      `the clock of this machine is ${skewText(skewMs)} the store's, at most ` +
        `${CLOCK_SKEW_MAX_MS / 1000} s is allowed: set it (a time service does), and start again`,
    );
  }
}

/** Such as `3.2 s ahead of`. */
function skewText(skewMs: number): string {
  return `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
}

/** The store's time at one moment of this process's monotonic clock. */
interface Reading {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly monotonic: number;
  /** The store's time may have been this much earlier or later. */
  readonly uncertaintyMs: number;
}

export class StoreClock implements Clock {
  readonly #clock: Clock;
  #reading: Reading | null = null;

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  /**
   * Wall time. At most `CLOCK_SKEW_MAX_MS`, and the uncertainty of the last reading, from the
   * store's time.
   */
  now(): number {
    const now = this.#clock.now();
    if (this.#reading === null) return now;
    const store = this.#storeTime(this.#reading);
    const distanceMax = CLOCK_SKEW_MAX_MS + this.#reading.uncertaintyMs;
    return Math.min(Math.max(now, Math.ceil(store - distanceMax)), Math.floor(store + distanceMax));
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, call: () => void): Timer {
    return this.#clock.after(delayMs, call);
  }

  /** Reads the store's time with `read`, which resolves to it. Errors: those of `read`. */
  async measure(read: () => Promise<number>): Promise<void> {
    const sentAt = this.#clock.monotonic();
    const time = await read();
    const uncertaintyMs = (this.#clock.monotonic() - sentAt) / 2;
    this.#reading = { time, monotonic: sentAt + uncertaintyMs, uncertaintyMs };
  }

  /** This machine's clock less the store's time; null before the first reading. */
  get skewMs(): number | null {
    return this.#reading === null ? null : this.#clock.now() - this.#storeTime(this.#reading);
  }

  /** The skew, if it is surely more than `CLOCK_SKEW_MAX_MS`; else null. */
  get excessiveSkewMs(): number | null {
    const { skewMs } = this;
    if (skewMs === null) return null;
    const certainMs = Math.abs(skewMs) - this.#reading!.uncertaintyMs;
    return certainMs > CLOCK_SKEW_MAX_MS ? skewMs : null;
  }

  /** Errors: `clock-skew`; those of `read`. */
  async check(read: () => Promise<number>): Promise<void> {
    await this.measure(read);
    const { excessiveSkewMs } = this;
    if (excessiveSkewMs !== null) throw new ClockSkewError(excessiveSkewMs);
  }

  #storeTime({ time, monotonic }: Reading): number {
    return time + this.#clock.monotonic() - monotonic;
  }
}
