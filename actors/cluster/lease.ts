// A node's right to answer (W2). The session in the store lives for some seconds from the moment
// when the store handled a renewal. The lease counts from BEFORE the node sent that renewal, on
// this machine's monotonic clock, and ends earlier by a margin. So a node that was cut off or
// paused stops answering before another node may take its shards.

import { performance } from 'node:perf_hooks';

export interface Lease {
  /** Costs one reading of the clock: it is called before every group of answers. */
  valid(): boolean;
}

/** For a single node: no other node could serve its shards. */
export const PERMANENT_LEASE: Lease = { valid: () => true };

/** The time that an answer may take to leave the process after the lease was checked. */
const MARGIN_MS = 500;

export class SessionLease implements Lease {
  readonly #now: () => number;
  #validUntil = -Infinity;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? (() => performance.now());
  }

  valid(): boolean {
    return this.#now() < this.#validUntil;
  }

  /** Milliseconds until the lease ends; 0 after its end. */
  get leftMs(): number {
    return Math.max(0, this.#validUntil - this.#now());
  }

  /** Call it before a renewal is sent, and pass the result to `renewed` after the renewal. */
  mark(): number {
    return this.#now();
  }

  /**
   * The session was renewed for `ttlMs` by a request sent at `mark`. True if the lease continues
   * without a break. False if it had ended: other nodes may have taken shards meanwhile, so read
   * the placement before you call `begin`.
   */
  renewed(mark: number, ttlMs: number): boolean {
    if (!this.valid()) return false;
    this.#validUntil = Math.max(this.#validUntil, mark + ttlMs - MARGIN_MS);
    return true;
  }

  /** Begins the lease after a break, once this node has given up the shards that others took. */
  begin(mark: number, ttlMs: number): void {
    this.#validUntil = mark + ttlMs - MARGIN_MS;
  }

  /** Ends the lease at once. */
  end(): void {
    this.#validUntil = -Infinity;
  }
}
