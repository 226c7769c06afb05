// Time as the actors see it, so that tests can drive it by hand.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /**
   * Wall time, in milliseconds since the Unix epoch: for what people are told. It may jump either
   * way.
   */
  now(): number;
  /**
   * Milliseconds of a clock that never goes back and that nobody sets, from an arbitrary origin:
   * for every interval, timeout, back-off and rate. Comparable within one process only.
   */
  monotonic(): number;
  /** Calls once, not before `delayMs` have passed. The timer does not keep the process alive. */
  after(delayMs: number, call: () => void): Timer;
}

/** Node clamps longer delays to 1 ms; callers look again when it fires. */
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
