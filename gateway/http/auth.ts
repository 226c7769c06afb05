// Authenticates requests: reads the access token from the header, verifies it, and limits the bad
// tokens of an address.

import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import { IdentityCache } from './identity-cache.ts';
import type { Problem } from './problems.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import type { RateLimits } from './rate-limits.ts';
import type { VerifyToken } from './route.ts';

const BEARER = /^bearer +/i;
const PLAIN_SCHEME = 'Bearer ';

/** The token of an Authorization header. Empty where the header has no Bearer token. */
export function bearerToken(header: string): string {
  const scheme = BEARER.exec(header);
  return scheme === null ? '' : header.slice(scheme[0].length);
}

const NO_TOKEN: Problem = {
  ok: false,
  code: 'unauthenticated',
  detail: 'An access token is needed: Authorization: Bearer TOKEN.',
};
const BAD_TOKEN: Problem = {
  ok: false,
  code: 'unauthenticated',
  detail: 'The access token is not valid, or has expired.',
};

export interface AuthenticatorOptions {
  readonly verifyToken: VerifyToken;
  readonly limits: RateLimits;
  readonly cache?: IdentityCache;
}

export class Authenticator {
  readonly #verifyToken: VerifyToken;
  readonly #limits: RateLimits;
  readonly #cache: IdentityCache;

  constructor({ verifyToken, limits, cache = new IdentityCache() }: AuthenticatorOptions) {
    this.#verifyToken = verifyToken;
    this.#limits = limits;
    this.#cache = cache;
  }

  /**
   * The identity in an Authorization header. Null where the header has no token that is valid now;
   * then `refuse` makes the reply.
   */
  identify(authorization: string, nowMs: number): TokenIdentity | null {
    const cached = this.#cache.find(authorization);
    if (cached === undefined) return this.#verify(authorization, nowMs);
    return nowMs < cached.expiresAt * 1_000 ? cached : null;
  }

  /** Like `identify`, for a token that did not come in a header. */
  identifyToken(token: string, nowMs: number): TokenIdentity | null {
    return this.identify(`${PLAIN_SCHEME}${token}`, nowMs);
  }

  /**
   * Only valid credentials are cached, and only in their plain form. So neither bad tokens nor the
   * many spellings of one header can evict others.
   */
  #verify(authorization: string, nowMs: number): TokenIdentity | null {
    const token = bearerToken(authorization);
    if (token === '' || token.length > ACCESS_TOKEN_LENGTH_MAX) return null;
    const identity = this.#verifyToken(token, nowMs);
    if (identity !== null && authorization === `${PLAIN_SCHEME}${token}`)
      this.#cache.add(authorization, identity);
    return identity;
  }

  /** The reply to a missing or invalid token. Bad tokens count against their address. */
  refuse(token: string, address: string, monotonicMs: number): Problem {
    if (token === '') return NO_TOKEN;
    return this.#limits.check('bad-tokens', address, null, monotonicMs) ?? BAD_TOKEN;
  }
}
