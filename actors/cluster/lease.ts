// A node's own right to answer (W2). The session in the store lives for some seconds from when the
// store handled a renewal; the lease is counted from BEFORE that renewal was sent, on this
// machine's monotonic clock, and ends earlier by a margin. So a node that was cut off, or paused,
// knows that it may not answer any more before anybody else may take its shards.

import { performance } from 'node:perf_hooks';

export interface Lease {
  /** Costs one look at the clock: it is asked before every group of answers. */
  valid(): boolean;
}

/** One node alone: nobody else could serve. */
export const PERMANENT_LEASE: Lease = { valid: () => true };

/** What an answer may still take on its way out after the lease was looked at, in milliseconds. */
const MARGIN_MS = 500;

export class SessionLease implements Lease {
  readonly #now: () => number;
  #validUntil = -Infinity;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? (() => performance.now());
  }

  valid(): boolean {
    return this.#now() < this.#validUntil;
  }

  /** Milliseconds left; 0 when it has run out. */
  get leftMs(): number {
    return Math.max(0, this.#validUntil - this.#now());
  }

  /** To be taken before a renewal is sent, and given to `renewed` when it succeeded. */
  mark(): number {
    return this.#now();
  }

  /**
   * The session was renewed for `ttlMs` by a request sent at `mark`. True when the lease goes on
   * without a break. False when it had run out before: somebody else may have taken shards
   * meanwhile, so `begin` is to be called only after looking.
   */
  renewed(mark: number, ttlMs: number): boolean {
    if (!this.valid()) return false;
    this.#validUntil = Math.max(this.#validUntil, mark + ttlMs - MARGIN_MS);
    return true;
  }

  /** Begins (again) after a break, once it is known which shards are still this node's. */
  begin(mark: number, ttlMs: number): void {
    this.#validUntil = mark + ttlMs - MARGIN_MS;
  }

  /** Gives the right up at once. */
  end(): void {
    this.#validUntil = -Infinity;
  }
}
