// A rate limiter that keeps one number for each key: GCRA, the generic cell rate algorithm (ITU-T
// I.371), a token bucket written as the "theoretical arrival time" of the next request.
// Synchronous, bounded in keys, and strict: in no window of the policy's length, wherever it
// begins, does a key get more than its quota. A plain bucket of that size would let nearly twice
// the quota through where a full bucket is emptied and refilled in one window, so half of the quota
// is the bucket and half is the refill.

import { assert } from '../../domain/assert.ts';

export interface RatePolicy {
  /** Shown in RateLimit-Policy. */
  readonly name: string;
  /** Requests in each window. */
  readonly quota: number;
  readonly windowSeconds: number;
}

/** Keys looked at for a refilled one before the oldest is forgotten. */
const EVICTION_PROBES = 8;

export class RateLimiter {
  readonly policy: RatePolicy;
  readonly #keysMax: number;
  /** Milliseconds between two requests at the steady rate. */
  readonly #intervalMs: number;
  /** How far the arrival time may run ahead of now. */
  readonly #burstMs: number;
  readonly #arrivals = new Map<string, number>();
  #refusedCount = 0;

  constructor(options: { policy: RatePolicy; keysMax: number }) {
    const { quota, windowSeconds } = options.policy;
    assert(
      Number.isInteger(quota) && quota >= 1 && windowSeconds > 0,
      'a rate needs a quota and a window',
    );
    assert(options.keysMax >= 1, 'a limiter needs room for a key');
    this.policy = options.policy;
    this.#keysMax = options.keysMax;
    const burst = Math.max(1, Math.floor(quota / 2));
    this.#intervalMs = (windowSeconds * 1000) / Math.max(1, quota - burst);
    this.#burstMs = this.#intervalMs * burst;
  }

  /**
   * Takes one request of the key's quota: 0 when there was one, else the milliseconds until there
   * is one. A refusal takes nothing.
   */
  take(key: string, nowMs: number): number {
    const known = this.#arrivals.get(key);
    const arrival = (known === undefined || known < nowMs ? nowMs : known) + this.#intervalMs;
    const waitMs = arrival - nowMs - this.#burstMs;
    // Sums of fractions may differ in their last bits; a millionth of a millisecond is no wait.
    if (waitMs > 1e-6) {
      this.#refusedCount += 1;
      return waitMs;
    }
    if (known === undefined && this.#arrivals.size >= this.#keysMax) this.#evict(nowMs);
    this.#arrivals.set(key, arrival);
    return 0;
  }

  get keyCount(): number {
    return this.#arrivals.size;
  }

  /** Requests refused since the start. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /**
   * Forgets a key whose quota is whole again, or else the oldest: forgetting the former changes
   * nothing.
   */
  #evict(nowMs: number): void {
    let probes = 0;
    for (const [key, arrival] of this.#arrivals) {
      if (arrival <= nowMs) {
        this.#arrivals.delete(key);
        return;
      }
      if (++probes === EVICTION_PROBES) break;
      this.#arrivals.delete(key);
      this.#arrivals.set(key, arrival);
    }
    const oldest = this.#arrivals.keys().next();
    if (!oldest.done) this.#arrivals.delete(oldest.value);
  }
}
