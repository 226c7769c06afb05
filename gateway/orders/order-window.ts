// Bounds how many orders wait for their replies at once (H6). Past the capacity of the owner and of
// this process, more orders in flight only make each wait longer. Two signs show that there are too
// many, and the window follows them: it shrinks by a factor and grows in steps, like TCP's.
//
// The first sign is slow replies: the owner is overloaded. The second sign is a crowded turn of the
// event loop: this process is overloaded. Its requests waited in the kernel's buffers, where
// nothing else sees them, and so will the next ones. An order past the window is refused at once,
// mostly before its token and body are read: a refusal costs a fraction of an order, and that keeps
// the others quick. There is no timer: replies and turns adjust the window.

import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';

export interface OrderWindowOptions {
  /** Milliseconds a reply may take. Slower replies show that too many orders wait. */
  readonly slowMs?: number;
  /** Slow replies alone never shrink the window below this. */
  readonly countMin?: number;
  readonly countMax?: number;
  /** Requests in one turn of the event loop. A turn with more is crowded. */
  readonly turnArrivalsMax?: number;
}

/** A store with fewer shards has several whole lanes in each: their number divides this one. */
const LANES = SHARD_COUNT;
/** Twice the time of a slow reply. A lane is looked at only when the window is full. */
const STALL_MS = 200;

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
  /** Waiting orders of the lanes that are not stalled. */
  #count = 0;
  /** Waiting orders of the lanes that are stalled: at most `countMax`, and `countMin` in a lane. */
  #stalledCount = 0;
  /** All by lane. */
  readonly #waiting = new Uint32Array(LANES);
  readonly #stalled = new Uint8Array(LANES);
  /** The last reply; or the first order, where none waited before it. */
  readonly #movedAt = new Float64Array(LANES);
  /** When a stalled lane last replied again. */
  readonly #resumedAt = new Float64Array(LANES).fill(-Infinity);
  #stallsCheckedAt = -Infinity;
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

  /** Orders that wait, those of stalled lanes included. */
  get count(): number {
    return this.#count + this.#stalledCount;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Whether a lane that is not stalled gets no place. All times are monotonic. */
  isFull(now: number): boolean {
    if (this.#count < this.#limit) return false;
    if (now - this.#stallsCheckedAt >= ADJUST_INTERVAL_MS) {
      this.#setStalledAside(now);
      if (this.#count < this.#limit) return false;
    }
    this.#wasFull = true;
    return true;
  }

  /** Counts a request for an order, whether or not it is accepted. */
  arrive(): void {
    this.#turnArrivals += 1;
    if (this.#turnArrivals === 1) setImmediate(this.#endTurn);
  }

  /** Takes a place in the window. False where there is none. `leave` or `abandon` frees it. */
  enter(lane: number, now: number): boolean {
    // First, because it sets stalled lanes aside.
    const isFull = this.isFull(now);
    if (this.#stalled[lane] === 1) {
      if (this.#waiting[lane]! >= this.#countMin || this.#stalledCount >= this.#countMax)
        return false;
      this.#stalledCount += 1;
    } else if (isFull) return false;
    else this.#count += 1;
    if (this.#waiting[lane] === 0) this.#movedAt[lane] = now;
    this.#waiting[lane]! += 1;
    return true;
  }

  /** The order is answered, `durationMs` after it entered. */
  leave(lane: number, durationMs: number, now: number): void {
    if (this.#stalled[lane] === 1) this.#resume(lane, now);
    this.#waiting[lane]! -= 1;
    this.#count -= 1;
    this.#movedAt[lane] = now;
    // An order that waited in a stall is no sign of overload.
    if (durationMs > now - this.#resumedAt[lane]!) return;
    this.#answers += 1;
    if (durationMs > this.#slowMs) this.#slowAnswers += 1;
    if (this.#answers < ADJUST_ANSWERS_MIN) return;
    if (now - this.#adjustedAt >= ADJUST_INTERVAL_MS) this.#adjust(now);
  }

  /** The client has gone: that is no sign about the owner. */
  abandon(lane: number): void {
    this.#waiting[lane]! -= 1;
    if (this.#stalled[lane] === 0) this.#count -= 1;
    else {
      this.#stalledCount -= 1;
      if (this.#waiting[lane] === 0) this.#stalled[lane] = 0;
    }
  }

  #setStalledAside(now: number): void {
    this.#stallsCheckedAt = now;
    for (let lane = 0; lane < LANES; lane++) {
      const waiting = this.#waiting[lane]!;
      if (waiting === 0 || this.#stalled[lane] === 1) continue;
      if (now - this.#movedAt[lane]! < STALL_MS) continue;
      if (this.#stalledCount + waiting > this.#countMax) continue;
      this.#stalled[lane] = 1;
      this.#count -= waiting;
      this.#stalledCount += waiting;
    }
  }

  #resume(lane: number, now: number): void {
    this.#stalled[lane] = 0;
    this.#resumedAt[lane] = now;
    this.#count += this.#waiting[lane]!;
    this.#stalledCount -= this.#waiting[lane]!;
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

/** The lane of a drop's orders. */
export function orderLane(dropId: string): number {
  return shardOf(dropId, LANES);
}
