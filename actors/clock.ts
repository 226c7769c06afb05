// The clock of the actors. Tests replace it with a clock that they move by hand.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /**
   * Wall time, in milliseconds since the Unix epoch: for times that people read. It may jump in
   * either direction.
   */
  now(): number;
  /**
   * Milliseconds from an arbitrary origin, on a clock that never goes back and that nobody sets:
   * for every interval, timeout, back-off and rate. Comparable within one process only.
   */
  monotonic(): number;
  /**
   * Calls `call` once, not before `delayMs` have passed, or earlier for a delay of over 24 days.
   * The timer does not keep the process alive.
   */
  after(delayMs: number, call: () => void): Timer;
}

/** Node reduces longer delays to 1 ms. Callers compare the time again when the timer fires. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, call) {
    const timeout = setTimeout(call, Math.min(Math.max(delayMs, 0), DELAY_MAX_MS));
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
