// A rate limit that all gateway threads of a process count together: a limiter whose keys are in
// shared memory (`domain/rate-limiter.ts` has the rule). Times are those of the process's monotonic
// clock, which all threads read alike. A request counts when it gets the lock, whatever time it
// brings, and no key gets more than its quota in a window of these times.

import { SharedTable } from '../../actors/threads/shared-table.ts';
import {
  type KeyedLimiter,
  type Rate,
  type RatePolicy,
  strictRate,
} from '../../domain/rate-limiter.ts';

export class SharedRateLimiter implements KeyedLimiter {
  readonly #table: SharedTable;
  #policy: RatePolicy;
  #rate: Rate;
  #refusedCount = 0;

  constructor(options: { readonly policy: RatePolicy; readonly table: SharedArrayBuffer }) {
    this.#policy = options.policy;
    this.#rate = strictRate(options.policy);
    this.#table = new SharedTable(options.table);
  }

  get policy(): RatePolicy {
    return this.#policy;
  }

  setQuota(quota: number): void {
    this.#policy = { ...this.#policy, quota };
    this.#rate = strictRate(this.#policy);
  }

  take(key: string, nowMs: number): number {
    const table = this.#table;
    const rate = this.#rate;
    table.lock.acquire();
    let place = table.find(key);
    const next = rate.next(place === -1 ? nowMs : table.values[place]!, nowMs);
    const waitMs = rate.waitMs(next, nowMs);
    if (waitMs === 0) {
      if (place === -1) place = table.insert(nowMs, true);
      table.values[place] = next;
    }
    table.lock.release();
    if (waitMs > 0) this.#refusedCount += 1;
    return waitMs;
  }

  /** Of all threads, those included whose buckets are full again. */
  get keyCount(): number {
    return this.#table.used;
  }

  /** Of this thread. */
  get refusedCount(): number {
    return this.#refusedCount;
  }
}
