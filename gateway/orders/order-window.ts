// Bounds how many orders wait for their replies at once (H6). Past the capacity of the owner and of
// this process, more orders in flight only make each wait longer. Two signs show that there are too
// many, and the window follows them: it shrinks by a factor and grows in steps, like TCP's.
//
// The first sign is slow replies: the owner is overloaded. The second sign is a crowded turn of the
// event loop: this process is overloaded. Its requests waited in the kernel's buffers, where
// nothing else sees them, and so will the next ones. An order past the window is refused at once,
// mostly before its token and body are read: a refusal costs a fraction of an order, and that keeps
// the others quick. There is no timer: replies and turns adjust the window.

import { SharedLock } from '../../actors/threads/shared-lock.ts';
import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';

export interface OrderWindowOptions {
  /** Milliseconds a reply may take. Slower replies show that too many orders wait. */
  readonly slowMs?: number;
  /** Slow replies alone never shrink the window below this. */
  readonly countMin?: number;
  readonly countMax?: number;
  /** Requests in one turn of the event loop. A turn with more is crowded. */
  readonly turnArrivalsMax?: number;
  /** Of all threads of the process (`createWindowMemory`); of this one alone unless given. */
  readonly memory?: SharedArrayBuffer | null;
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

/** What several threads share: whole numbers, times, and both by lane. */
const LOCK = 0;
const LIMIT = 1;
const COUNT = 2;
const STALLED_COUNT = 3;
const ANSWERS = 4;
const SLOW_ANSWERS = 5;
const WAS_FULL = 6;
const NUMBERS = 8;
const STALLS_CHECKED_AT = 0;
const ADJUSTED_AT = 1;
const TIMES = 2;
const TIMES_BYTES = 8 * (TIMES + 2 * LANES);

/** The memory of a window, as it is before its first order. */
export function createWindowMemory<Memory extends ArrayBufferLike>(
  make: (bytes: number) => Memory,
): Memory {
  const memory = make(TIMES_BYTES + 4 * (NUMBERS + LANES) + LANES);
  const times = new Float64Array(memory, 0, TIMES + 2 * LANES);
  times.fill(-Infinity);
  return memory;
}

export class OrderWindow {
  readonly #slowMs: number;
  readonly #countMin: number;
  readonly #countMax: number;
  readonly #turnArrivalsMax: number;
  readonly #numbers: Int32Array;
  readonly #times: Float64Array;
  /** All by lane. */
  readonly #waiting: Uint32Array;
  readonly #stalled: Uint8Array;
  /** The last reply; or the first order, where none waited before it. */
  readonly #movedAt: Float64Array;
  /** When a stalled lane last replied again. */
  readonly #resumedAt: Float64Array;
  /** Null: there is one thread. */
  readonly #lock: SharedLock | null;
  /** Of this thread. */
  #turnArrivals = 0;
  readonly #endTurn = (): void => {
    const crowded = this.#turnArrivals > this.#turnArrivalsMax;
    this.#turnArrivals = 0;
    if (!crowded) return;
    this.#lock?.acquire();
    this.#shrink(CROWDED_FACTOR, CROWDED_COUNT_MIN);
    this.#lock?.release();
  };

  constructor(options: OrderWindowOptions = {}) {
    this.#slowMs = options.slowMs ?? SLOW_MS;
    this.#countMin = options.countMin ?? COUNT_MIN;
    this.#countMax = options.countMax ?? COUNT_MAX;
    this.#turnArrivalsMax = options.turnArrivalsMax ?? TURN_ARRIVALS_MAX;
    const { memory: shared = null } = options;
    const memory = shared ?? createWindowMemory((bytes) => new ArrayBuffer(bytes));
    this.#times = new Float64Array(memory, 0, TIMES);
    this.#movedAt = new Float64Array(memory, 8 * TIMES, LANES);
    this.#resumedAt = new Float64Array(memory, 8 * (TIMES + LANES), LANES);
    this.#numbers = new Int32Array(memory, TIMES_BYTES, NUMBERS);
    this.#waiting = new Uint32Array(memory, TIMES_BYTES + 4 * NUMBERS, LANES);
    this.#stalled = new Uint8Array(memory, TIMES_BYTES + 4 * (NUMBERS + LANES), LANES);
    this.#lock = shared === null ? null : new SharedLock(this.#numbers, LOCK);
    const limit = Math.min(this.#countMax, this.#countMin * 2);
    Atomics.compareExchange(this.#numbers, LIMIT, 0, limit);
  }

  /** Orders that wait, those of stalled lanes included. */
  get count(): number {
    return this.#count + this.#stalledCount;
  }

  get limit(): number {
    return this.#limit;
  }

  get #limit(): number {
    return this.#numbers[LIMIT]!;
  }

  set #limit(limit: number) {
    this.#numbers[LIMIT] = limit;
  }

  /** Waiting orders of the lanes that are not stalled. */
  get #count(): number {
    return this.#numbers[COUNT]!;
  }

  set #count(count: number) {
    this.#numbers[COUNT] = count;
  }

  /** Waiting orders of the lanes that are stalled: at most `countMax`, and `countMin` in a lane. */
  get #stalledCount(): number {
    return this.#numbers[STALLED_COUNT]!;
  }

  set #stalledCount(count: number) {
    this.#numbers[STALLED_COUNT] = count;
  }

  /** Whether a lane that is not stalled gets no place. All times are monotonic. */
  isFull(now: number): boolean {
    // What another thread does at this moment counts for the next request.
    if (this.#count < this.#limit) return false;
    this.#lock?.acquire();
    const isFull = this.#isFull(now);
    this.#lock?.release();
    return isFull;
  }

  /** Counts a request for an order, whether or not it is accepted. */
  arrive(): void {
    this.#turnArrivals += 1;
    if (this.#turnArrivals === 1) setImmediate(this.#endTurn);
  }

  /** Takes a place in the window. False where there is none. `leave` or `abandon` frees it. */
  enter(lane: number, now: number): boolean {
    this.#lock?.acquire();
    const hasEntered = this.#enter(lane, now);
    this.#lock?.release();
    return hasEntered;
  }

  /** The order is answered, `durationMs` after it entered. */
  leave(lane: number, durationMs: number, now: number): void {
    this.#lock?.acquire();
    this.#leave(lane, durationMs, now);
    this.#lock?.release();
  }

  /** The client has gone: that is no sign about the owner. */
  abandon(lane: number): void {
    this.#lock?.acquire();
    this.#abandon(lane);
    this.#lock?.release();
  }

  #isFull(now: number): boolean {
    if (this.#count < this.#limit) return false;
    if (now - this.#times[STALLS_CHECKED_AT]! >= ADJUST_INTERVAL_MS) {
      this.#setStalledAside(now);
      if (this.#count < this.#limit) return false;
    }
    this.#numbers[WAS_FULL] = 1;
    return true;
  }

  #enter(lane: number, now: number): boolean {
    // First, because it sets stalled lanes aside.
    const isFull = this.#isFull(now);
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

  #leave(lane: number, durationMs: number, now: number): void {
    if (this.#stalled[lane] === 1) this.#resume(lane, now);
    this.#waiting[lane]! -= 1;
    this.#count -= 1;
    this.#movedAt[lane] = now;
    // An order that waited in a stall is no sign of overload.
    if (durationMs > now - this.#resumedAt[lane]!) return;
    this.#numbers[ANSWERS]! += 1;
    if (durationMs > this.#slowMs) this.#numbers[SLOW_ANSWERS]! += 1;
    if (this.#numbers[ANSWERS]! < ADJUST_ANSWERS_MIN) return;
    if (now - this.#times[ADJUSTED_AT]! >= ADJUST_INTERVAL_MS) this.#adjust(now);
  }

  #abandon(lane: number): void {
    this.#waiting[lane]! -= 1;
    if (this.#stalled[lane] === 0) this.#count -= 1;
    else {
      this.#stalledCount -= 1;
      if (this.#waiting[lane] === 0) this.#stalled[lane] = 0;
    }
  }

  #setStalledAside(now: number): void {
    this.#times[STALLS_CHECKED_AT] = now;
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
    const numbers = this.#numbers;
    if (numbers[SLOW_ANSWERS]! > numbers[ANSWERS]! * SLOW_SHARE)
      this.#shrink(SLOW_FACTOR, this.#countMin);
    else if (numbers[WAS_FULL] === 1)
      this.#limit = Math.min(this.#countMax, this.#limit + OPEN_STEP);
    this.#times[ADJUSTED_AT] = now;
    numbers[ANSWERS] = 0;
    numbers[SLOW_ANSWERS] = 0;
    numbers[WAS_FULL] = 0;
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
