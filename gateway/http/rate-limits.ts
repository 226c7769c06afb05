// Which requests share a limit, its size, and the reply to a refused request (H5). Each class
// counts by address and, where the user is known, by user too.

import type { AttemptsSpent } from '../../contracts/accounts.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import { type KeyedLimiter, RateLimiter, type RatePolicy } from '../../domain/rate-limiter.ts';
import type { ExemptNetworks } from './exempt-networks.ts';
import type { Problem } from './problems.ts';
import type { RateTables } from './shared-memory.ts';
import { SharedRateLimiter } from './shared-rate-limiter.ts';

export type RateClass =
  | 'orders'
  | 'log-ins'
  | 'writes'
  | 'reads'
  | 'searches'
  | 'exchanges'
  | 'bad-tokens';

export interface RateClassPolicy {
  readonly address: RatePolicy;
  /** Null where the user is never known. */
  readonly user: RatePolicy | null;
}

export type RatePolicies = Readonly<Record<RateClass, RateClassPolicy>>;

function policy(name: string, quota: number, windowSeconds: number): RatePolicy {
  return { name, quota, windowSeconds };
}

/**
 * An address may be a whole office or a mobile carrier, so its limit is far higher than a user's.
 */
export const DEFAULT_RATE_POLICIES: RatePolicies = {
  orders: { address: policy('orders-address', 1_000, 1), user: policy('orders-user', 20, 1) },
  'log-ins': { address: policy('log-ins-address', 20, 60), user: null },
  writes: { address: policy('writes-address', 300, 10), user: policy('writes-user', 60, 10) },
  reads: { address: policy('reads-address', 2_000, 10), user: policy('reads-user', 300, 10) },
  // Anybody may search, so nobody is asked who it is.
  searches: { address: policy('searches-address', 600, 10), user: null },
  // A shop's server gets tokens for a whole crowd: what it may is counted by its key.
  exchanges: {
    address: policy('exchanges-address', 10_000, 10),
    user: policy('exchanges-key', 5_000, 10),
  },
  'bad-tokens': { address: policy('bad-tokens-address', 30, 60), user: null },
};

/** Keys in each limiter: about 100 bytes each. */
const KEYS_MAX = 100_000;

interface Limiters {
  readonly address: KeyedLimiter;
  readonly user: KeyedLimiter | null;
}

export class RateLimits {
  readonly #limiters: Readonly<Record<RateClass, Limiters>> | null;
  /** Null: none. */
  #exempt: ExemptNetworks | null;

  /**
   * `policies` null: nothing is limited. `shared`: where all threads of the process count; absent,
   * or null: there is one.
   */
  constructor(options: {
    policies: RatePolicies | null;
    exempt?: ExemptNetworks | null;
    shared?: RateTables | null;
  }) {
    const { policies, exempt = null, shared = null } = options;
    const limiters = (rateClass: RateClass): Limiters =>
      limitersOf(policies![rateClass], shared && shared[rateClass]);
    this.#exempt = exempt;
    this.#limiters =
      policies === null
        ? null
        : {
            orders: limiters('orders'),
            'log-ins': limiters('log-ins'),
            writes: limiters('writes'),
            reads: limiters('reads'),
            searches: limiters('searches'),
            exchanges: limiters('exchanges'),
            'bad-tokens': limiters('bad-tokens'),
          };
  }

  /**
   * Each limit under its policy's name: the number of keys, and of requests refused since the
   * start.
   */
  report(): { limit: string; keys: number; refused: number }[] {
    const all = Object.values(this.#limiters ?? {}).flatMap(({ address, user }) =>
      user === null ? [address] : [address, user],
    );
    return all.map((limiter) => ({
      limit: limiter.policy.name,
      keys: limiter.keyCount,
      refused: limiter.refusedCount,
    }));
  }

  get enabled(): boolean {
    return this.#limiters !== null;
  }

  /** Takes over the quotas and the exempt networks. Requests that are counted stay counted. */
  replace(policies: RatePolicies, exempt: ExemptNetworks | null): void {
    if (this.#limiters === null) return;
    this.#exempt = exempt;
    for (const rateClass of Object.keys(policies) as RateClass[]) {
      const { address, user } = policies[rateClass];
      this.#limiters[rateClass].address.setQuota(address.quota);
      if (user !== null) this.#limiters[rateClass].user?.setQuota(user.quota);
    }
  }

  /** Whether the address is in a network that is not limited. */
  isExempt(address: string): boolean {
    return this.#exempt !== null && this.#exempt.has(address);
  }

  /**
   * Null when the request may proceed. `userId` is null where the user is not known. `monotonicMs`
   * is a time of the monotonic clock.
   */
  check(
    rateClass: RateClass,
    address: string,
    userId: string | null,
    monotonicMs: number,
  ): Problem | null {
    if (this.#limiters === null) return null;
    const { address: byAddress, user: byUser } = this.#limiters[rateClass];
    // The user's limit is checked first: a user over it must not use up the quota of the address.
    if (userId !== null && byUser !== null) {
      const waitMs = byUser.take(userId, monotonicMs);
      if (waitMs > 0) return rateLimited(byUser.policy, waitMs);
    }
    // Clients that mean well guess no tokens, so guesses count from everywhere.
    if (this.#exempt !== null && rateClass !== 'bad-tokens' && this.#exempt.has(address))
      return null;
    const waitMs = byAddress.take(address, monotonicMs);
    return waitMs > 0 ? rateLimited(byAddress.policy, waitMs) : null;
  }
}

function limitersOf(policies: RateClassPolicy, tables: RateTables[RateClass] | null): Limiters {
  const { address, user } = policies;
  return {
    address: limiterOf(address, tables?.address),
    user: user && limiterOf(user, tables?.user),
  };
}

function limiterOf(of: RatePolicy, table: SharedArrayBuffer | null | undefined): KeyedLimiter {
  return table === undefined || table === null
    ? new RateLimiter({ policy: of, keysMax: KEYS_MAX })
    : new SharedRateLimiter({ policy: of, table });
}

/** A refused attempt to log in, or to change an account with its password. */
export function attemptRefused(refused: Refusal | AttemptsSpent): Problem {
  return 'limit' in refused ? rateLimited(refused.limit, refused.waitMs) : refused;
}

/** The headers follow the IETF draft "RateLimit header fields for HTTP", as structured fields. */
function rateLimited(limit: RatePolicy, waitMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return {
    ok: false,
    code: 'rate-limited',
    headers: [
      ['retry-after', String(seconds)],
      ['ratelimit-policy', `"${limit.name}";q=${limit.quota};w=${limit.windowSeconds}`],
      ['ratelimit', `"${limit.name}";r=0;t=${seconds}`],
    ],
  };
}
