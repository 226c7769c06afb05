// Bounds guesses of passwords (A3): each attempt is taken before the password is looked at, and
// given back where it was right. Each node counts for itself.

import type { AttemptsSpent } from '../contracts/accounts.ts';
import { RateLimiter, type RatePolicy } from '../domain/rate-limiter.ts';

/**
 * Failed log-ins of an account: ten in a row, then one each minute. Of an address, which many users
 * may share: thirty, then one each five seconds.
 */
const ACCOUNT_LIMIT = { name: 'failed-log-ins-account', quota: 20, windowSeconds: 600 };
const ADDRESS_LIMIT = { name: 'failed-log-ins-address', quota: 60, windowSeconds: 150 };
/** Keys in each limiter. */
const KEYS_MAX = 100_000;

export interface LogInAttemptsOptions {
  /** Milliseconds of the monotonic clock. */
  readonly monotonic: () => number;
  /** False turns off the limits. */
  readonly rateLimits: boolean;
}

export class LogInAttempts {
  readonly #options: LogInAttemptsOptions;
  readonly #accountLimiter = new RateLimiter({ policy: ACCOUNT_LIMIT, keysMax: KEYS_MAX });
  readonly #addressLimiter = new RateLimiter({ policy: ADDRESS_LIMIT, keysMax: KEYS_MAX });

  constructor(options: LogInAttemptsOptions) {
    this.#options = options;
  }

  /** `address` is the client's. Null: the attempt may be made. */
  take(email: string, address: string): AttemptsSpent | null {
    if (!this.#options.rateLimits) return null;
    const now = this.#options.monotonic();
    const addressWaitMs = this.#addressLimiter.take(address, now);
    if (addressWaitMs > 0) return attemptsSpent(ADDRESS_LIMIT, addressWaitMs);
    const accountWaitMs = this.#accountLimiter.take(email, now);
    if (accountWaitMs === 0) return null;
    // The account's limit refused it, so it does not count for the address.
    this.#addressLimiter.giveBack(address);
    return attemptsSpent(ACCOUNT_LIMIT, accountWaitMs);
  }

  giveBack(email: string, address: string): void {
    if (!this.#options.rateLimits) return;
    this.#accountLimiter.giveBack(email);
    this.#addressLimiter.giveBack(address);
  }
}

function attemptsSpent(limit: RatePolicy, waitMs: number): AttemptsSpent {
  return { ok: false, code: 'rate-limited', limit, waitMs };
}
