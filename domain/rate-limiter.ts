// Rates: how many of something each key may do, in the gateway (requests), in the accounts service
// (failed log-ins) and on a live connection (messages). No clock inside: who asks gives the time,
// of a monotonic clock, so that a wall clock that is set lets nobody in and locks nobody out.
//
// The algorithm is GCRA, the generic cell rate algorithm (ITU-T I.371): a token bucket written as
// one number, the time at which the bucket will be full again. Each request moves that time on by
// one interval; a request that would move it further ahead of now than a full bucket is refused,
// and moves nothing. A time in the past says no more than a full bucket does, so a key that has
// rested needs no memory.
//
// Policies are strict: in no window of the policy's length, wherever it begins, does a key get more
// than its quota. A plain bucket of that size would let nearly twice the quota through where a full
// bucket is emptied and refilled in one window, so half of the quota is the bucket and half is the
// refill.

import { assert } from './assert.ts';

/** Sums of fractions may differ in their last bits; a millionth of a millisecond is no wait. */
const NO_WAIT_MS = 1e-6;
/** Keys looked at for one whose bucket is full again before the oldest is evicted. */
const EVICTION_PROBES = 8;

/** One rate, of which the caller holds the one number: when the bucket is full again. */
export class Rate {
  /** Milliseconds between two requests at the steady rate. */
  readonly intervalMs: number;
  readonly #bucketMs: number;

  /** `burst`: requests at once; one more each `intervalMs`. */
  constructor({ burst, intervalMs }: { burst: number; intervalMs: number }) {
    assert(burst >= 1 && intervalMs > 0, 'a rate needs a burst and an interval');
    this.intervalMs = intervalMs;
    this.#bucketMs = burst * intervalMs;
  }

  /** When the bucket is full again after one more request now. */
  next(fullAt: number, nowMs: number): number {
    return (fullAt < nowMs ? nowMs : fullAt) + this.intervalMs;
  }

  /** How long the request that leads to `next` has to wait; 0: it may go. */
  waitMs(next: number, nowMs: number): number {
    const waitMs = next - nowMs - this.#bucketMs;
    return waitMs > NO_WAIT_MS ? waitMs : 0;
  }
}

export interface RatePolicy {
  /** Shown in RateLimit-Policy. */
  readonly name: string;
  /** Requests in each window. */
  readonly quota: number;
  readonly windowSeconds: number;
}

/** A policy for many keys. */
export interface KeyedLimiter {
  readonly policy: RatePolicy;
  /** Keys that are remembered. */
  readonly keyCount: number;
  /** Requests refused since the start. */
  readonly refusedCount: number;
  setQuota(quota: number): void;
  take(key: string, nowMs: number): number;
}

/** Synchronous, and bounded in keys. */
export class RateLimiter implements KeyedLimiter {
  readonly #keysMax: number;
  #policy: RatePolicy;
  #rate: Rate;
  /** By key, when its bucket is full again. */
  readonly #fullAt = new Map<string, number>();
  #refusedCount = 0;

  constructor(options: { policy: RatePolicy; keysMax: number }) {
    assert(options.keysMax >= 1, 'a limiter needs room for a key');
    this.#keysMax = options.keysMax;
    this.#policy = options.policy;
    this.#rate = strictRate(options.policy);
  }

  get policy(): RatePolicy {
    return this.#policy;
  }

  /**
   * Another quota for the same window, at once and for all keys. The times at which buckets are
   * full again stay: a bucket that was half empty is half empty, and an empty one gets no burst.
   * However often the quota changes, no key gets more in a window than the largest quota that was
   * in force during it, because each request moves the time on by at least that quota's interval.
   */
  setQuota(quota: number): void {
    this.#policy = { ...this.#policy, quota };
    this.#rate = strictRate(this.#policy);
  }

  /**
   * Takes one request of the key's quota: 0 when there was one, else the milliseconds until there
   * is one. A refusal takes nothing.
   */
  take(key: string, nowMs: number): number {
    const known = this.#fullAt.get(key);
    const next = this.#rate.next(known ?? nowMs, nowMs);
    const waitMs = this.#rate.waitMs(next, nowMs);
    if (waitMs > 0) {
      this.#refusedCount += 1;
      return waitMs;
    }
    if (known === undefined && this.#fullAt.size >= this.#keysMax) this.#evict(nowMs);
    this.#fullAt.set(key, next);
    return 0;
  }

  /** Gives a request back that turned out to be none. The quota must not have changed since. */
  giveBack(key: string): void {
    const fullAt = this.#fullAt.get(key);
    if (fullAt !== undefined) this.#fullAt.set(key, fullAt - this.#rate.intervalMs);
  }

  get keyCount(): number {
    return this.#fullAt.size;
  }

  /** Requests refused since the start. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** A key whose bucket is full again, which changes nothing, or else the oldest. */
  #evict(nowMs: number): void {
    let probes = 0;
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt <= nowMs) {
        this.#fullAt.delete(key);
        return;
      }
      if (++probes === EVICTION_PROBES) break;
      this.#fullAt.delete(key);
      this.#fullAt.set(key, fullAt);
    }
    const oldest = this.#fullAt.keys().next();
    if (!oldest.done) this.#fullAt.delete(oldest.value);
  }
}

/** No window of the policy's length has more than its quota. */
export function strictRate({ quota, windowSeconds }: RatePolicy): Rate {
  assert(
    Number.isInteger(quota) && quota >= 1 && windowSeconds > 0,
    'a rate needs a quota and a window',
  );
  const burst = Math.max(1, Math.floor(quota / 2));
  const intervalMs = (windowSeconds * 1000) / Math.max(1, quota - burst);
  return new Rate({ burst, intervalMs });
}
