// How many orders the gateway lets wait for their answer at once (H6). Past what the owner and this
// process can take, more orders in flight only mean that each waits longer. Two signs tell that it
// is too many, and the window follows them: it shrinks by a factor and opens in steps, as TCP's.
//
// Slow answers say that the owner has too much. A crowded turn of the event loop says that this
// process has: its requests have waited in the kernel's buffers, where nothing else sees them, and
// those that come next will too. What does not fit is refused at once, mostly before its token and
// body are looked at, because a refusal in a fraction of an order's time is what keeps the rest
// quick. No timer: answers and turns adjust.

export interface OrderWindowOptions {
  /** Milliseconds an answer may take; slower ones say that too much waits. */
  readonly slowMs?: number;
  /** Slow answers alone never make the window smaller than this. */
  readonly countMin?: number;
  readonly countMax?: number;
  /** Requests in one turn of the event loop; more are a crowd. */
  readonly turnArrivalsMax?: number;
}

/** Far above what a group commit takes, and what a person would call at once. */
const SLOW_MS = 100;
/**
 * So many may always wait: a slow disk makes orders slow and must not make them refused, and a
 * thousand clients who each wait for their answer are no overload.
 */
const COUNT_MIN = 1_024;
const COUNT_MAX = 16_384;
/** The loop takes 1,024 events at a time: a turn nearly filled with orders leaves others behind. */
const TURN_ARRIVALS_MAX = 960;
/** What is let in while turns are crowded, however crowded they are. */
const CROWDED_COUNT_MIN = 64;
const ADJUST_INTERVAL_MS = 50;
/** Fewer answers tell too little. */
const ADJUST_ANSWERS_MIN = 16;
/** The share of slow answers that is too much. */
const SLOW_SHARE = 0.1;
const SLOW_FACTOR = 0.75;
const CROWDED_FACTOR = 0.6;
/** Orders by which the window opens in each interval. */
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
  /** Orders were refused since the last adjustment: the window is all used. */
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

  /** A request for an order has come, whatever becomes of it. */
  arrive(): void {
    this.#turnArrivals += 1;
    if (this.#turnArrivals === 1) setImmediate(this.#endTurn);
  }

  /** Takes a place; false where there is none. Each is given back by `leave` or `abandon`. */
  enter(): boolean {
    if (this.full) return false;
    this.#count += 1;
    return true;
  }

  /** The order is answered, `durationMs` after it entered. `now` on the monotonic clock. */
  leave(durationMs: number, now: number): void {
    this.#count -= 1;
    this.#answers += 1;
    if (durationMs > this.#slowMs) this.#slowAnswers += 1;
    if (this.#answers < ADJUST_ANSWERS_MIN) return;
    if (now - this.#adjustedAt >= ADJUST_INTERVAL_MS) this.#adjust(now);
  }

  /** The client has gone: that tells nothing about the owner. */
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
