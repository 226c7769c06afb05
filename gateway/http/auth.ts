// Who makes a request: the access token out of its header, and whether the address may go on
// guessing.

import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import { IdentityCache } from './identity-cache.ts';
import type { Problem } from './problems.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import type { RateLimits } from './rate-limits.ts';
import type { VerifyToken } from './route.ts';

const BEARER = /^bearer +/i;
const PLAIN_SCHEME = 'Bearer ';

/** The token of an Authorization header; empty where there is none of the Bearer scheme. */
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
   * Who an Authorization header speaks for; null where it has no token that is valid now, and then
   * `refuse` says how to answer.
   */
  identify(authorization: string, nowMs: number): TokenIdentity | null {
    const known = this.#cache.find(authorization);
    if (known === undefined) return this.#verify(authorization, nowMs);
    return nowMs < known.expiresAt * 1_000 ? known : null;
  }

  /** The same for a token that came without a header. */
  identifyToken(token: string, nowMs: number): TokenIdentity | null {
    return this.identify(`${PLAIN_SCHEME}${token}`, nowMs);
  }

  /**
   * Only good credentials are remembered, and only in their plain form, so that neither bad ones
   * nor the many ways to write one header can push others out.
   */
  #verify(authorization: string, nowMs: number): TokenIdentity | null {
    const token = bearerToken(authorization);
    if (token === '' || token.length > ACCESS_TOKEN_LENGTH_MAX) return null;
    const identity = this.#verifyToken(token, nowMs);
    if (identity !== null && authorization === `${PLAIN_SCHEME}${token}`)
      this.#cache.add(authorization, identity);
    return identity;
  }

  /**
   * The answer to a token that was missing or not valid. Bad tokens count against their address.
   */
  refuse(token: string, address: string, monotonicMs: number): Problem {
    if (token === '') return NO_TOKEN;
    return this.#limits.check('bad-tokens', address, null, monotonicMs) ?? BAD_TOKEN;
  }
}
