// How many messages may be under way at one push service: it grows while they go well, and shrinks
// when the service refuses, fails or becomes slow (AIMD, as TCP has it: RFC 5681). As each takes
// its time, this bounds the rate as well, at what the service can take.

export interface SendWindowOptions {
  readonly max: number;
  /** Milliseconds of a monotonic clock. */
  readonly monotonic: () => number;
}

const FIRST = 16;
const HALF = 0.5;
const A_TENTH_LESS = 0.9;
/** One loss tells of the same overload as those beside it. */
const SHRINKS_EVERY_MS = 1_000;
/** A reply is slow that takes so many times the shortest one, and so much longer. */
const SLOW_TIMES = 4;
const SLOW_MS = 250;
/** The shortest time is unlearned by so much with each reply, so that it follows the way there. */
const UNLEARNED = 1.001;

export class SendWindow {
  readonly #options: SendWindowOptions;
  #size = FIRST;
  /** Until the first loss the window doubles with each round trip. */
  #isStarting = true;
  #shrunkAt = -Infinity;
  #shortestMs = Infinity;

  constructor(options: SendWindowOptions) {
    this.#options = options;
  }

  /** Messages that may be under way: 1 to `max`. */
  get size(): number {
    return Math.max(1, Math.floor(Math.min(this.#size, this.#options.max)));
  }

  /**
   * `underWay`: messages then, this one included. A window that is not half used says nothing of
   * what the service can take, and stays.
   */
  succeeded(tookMs: number, underWay: number): void {
    this.#shortestMs = Math.min(this.#shortestMs * UNLEARNED, tookMs);
    const isSlow = tookMs > this.#shortestMs * SLOW_TIMES && tookMs > this.#shortestMs + SLOW_MS;
    if (isSlow) return this.#shrink(A_TENTH_LESS);
    if (underWay * 2 < this.size) return;
    this.#size = Math.min(this.#size + (this.#isStarting ? 1 : 1 / this.#size), this.#options.max);
  }

  /** The service refused for its load, failed, or gave no reply. */
  overloaded(): void {
    this.#shrink(HALF);
  }

  #shrink(times: number): void {
    const now = this.#options.monotonic();
    if (now - this.#shrunkAt < SHRINKS_EVERY_MS) return;
    this.#shrunkAt = now;
    this.#isStarting = false;
    this.#size = Math.max(1, this.#size * times);
  }
}
