// Bounds how many orders wait for their replies at once (H6). Past the capacity of the owner and of
// this process, more orders in flight only make each wait longer. Two signs show that there are too
// many, and the window follows them: it shrinks by a factor and grows in steps, like TCP's.
//
// The first sign is slow replies: the owner is overloaded. The second sign is a crowded turn of the
// event loop: this process is overloaded. Its requests waited in the kernel's buffers, where
// nothing else sees them, and so will the next ones. An order past the window is refused at once,
// mostly before its token and body are read: a refusal costs a fraction of an order, and that keeps
// the others quick. There is no timer: replies and turns adjust the window.

export interface OrderWindowOptions {
  /** Milliseconds a reply may take. Slower replies show that too many orders wait. */
  readonly slowMs?: number;
  /** Slow replies alone never shrink the window below this. */
  readonly countMin?: number;
  readonly countMax?: number;
  /** Requests in one turn of the event loop. A turn with more is crowded. */
  readonly turnArrivalsMax?: number;
}

/** Far above the time of a group commit, and above what a person perceives as immediate. */
const SLOW_MS = 100;
/**
 * This many orders may always wait. A slow disk makes orders slow and must not make them refused,
 * and a thousand clients with one order each are no overload.
 */
const COUNT_MIN = 1_024;
const COUNT_MAX = 16_384;
/**
 * The loop takes 1,024 events at a time: a turn that is nearly full of orders leaves others
 * waiting.
 */
const TURN_ARRIVALS_MAX = 960;
/** The smallest window that crowded turns can cause. */
const CROWDED_COUNT_MIN = 64;
const ADJUST_INTERVAL_MS = 50;
/** Fewer replies are too small a sample. */
const ADJUST_ANSWERS_MIN = 16;
/** The share of slow replies above which the window shrinks. */
const SLOW_SHARE = 0.1;
const SLOW_FACTOR = 0.75;
const CROWDED_FACTOR = 0.6;
/** Orders by which the window grows in each interval. */
const OPEN_STEP = 64;

export class OrderWindow {
  readonly #slowMs: number;
  readonly #countMin: number;
  readonly #countMax: number;
  readonly #turnArrivalsMax: number;
  #limit: number;
  #count = 0;
  #adjustedAt = -Infinity;
  #answers = 0;
  #slowAnswers = 0;
  /** An order was refused since the last adjustment: the window is fully used. */
  #wasFull = false;
  #turnArrivals = 0;
  readonly #endTurn = (): void => {
    const crowded = this.#turnArrivals > this.#turnArrivalsMax;
    this.#turnArrivals = 0;
    if (crowded) this.#shrink(CROWDED_FACTOR, CROWDED_COUNT_MIN);
  };

  constructor(options: OrderWindowOptions = {}) {
    this.#slowMs = options.slowMs ?? SLOW_MS;
    this.#countMin = options.countMin ?? COUNT_MIN;
    this.#countMax = options.countMax ?? COUNT_MAX;
    this.#turnArrivalsMax = options.turnArrivalsMax ?? TURN_ARRIVALS_MAX;
    this.#limit = Math.min(this.#countMax, this.#countMin * 2);
  }

  get count(): number {
    return this.#count;
  }

  get limit(): number {
    return this.#limit;
  }

  get full(): boolean {
    if (this.#count < this.#limit) return false;
    this.#wasFull = true;
    return true;
  }

  /** Counts a request for an order, whether or not it is accepted. */
  arrive(): void {
    this.#turnArrivals += 1;
    if (this.#turnArrivals === 1) setImmediate(this.#endTurn);
  }

  /** Takes a place in the window. False where there is none. `leave` or `abandon` frees it. */
  enter(): boolean {
    if (this.full) return false;
    this.#count += 1;
    return true;
  }

  /** The order is answered, `durationMs` after it entered. `now` is on the monotonic clock. */
  leave(durationMs: number, now: number): void {
    this.#count -= 1;
    this.#answers += 1;
    if (durationMs > this.#slowMs) this.#slowAnswers += 1;
    if (this.#answers < ADJUST_ANSWERS_MIN) return;
    if (now - this.#adjustedAt >= ADJUST_INTERVAL_MS) this.#adjust(now);
  }

  /** The client has gone: that is no sign about the owner. */
  abandon(): void {
    this.#count -= 1;
  }

  #adjust(now: number): void {
    if (this.#slowAnswers > this.#answers * SLOW_SHARE) this.#shrink(SLOW_FACTOR, this.#countMin);
    else if (this.#wasFull) this.#limit = Math.min(this.#countMax, this.#limit + OPEN_STEP);
    this.#adjustedAt = now;
    this.#answers = 0;
    this.#slowAnswers = 0;
    this.#wasFull = false;
  }

  #shrink(factor: number, least: number): void {
    const shrunk = Math.max(least, Math.floor(this.#limit * factor));
    this.#limit = Math.min(this.#limit, shrunk);
  }
}
