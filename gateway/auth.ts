// Who makes a request: the access token out of its header, and whether the address may go on
// guessing.

import type { Problem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import type { TokenIdentity, VerifyToken } from './route.ts';

const BEARER = /^bearer +/i;
const TOKEN_LENGTH_MAX = 4_096;

/** The token of an Authorization header; empty where there is none of the Bearer scheme. */
export function bearerToken(header: string): string {
  if (header.startsWith('Bearer ')) return header.slice(7).trimStart();
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

export class Authenticator {
  readonly #verifyToken: VerifyToken;
  readonly #limits: RateLimits;

  constructor(options: { verifyToken: VerifyToken; limits: RateLimits }) {
    this.#verifyToken = options.verifyToken;
    this.#limits = options.limits;
  }

  /** Null for a token that is not valid now; then `refuse` says how to answer. */
  verify(token: string, nowMs: number): TokenIdentity | null {
    return token === '' || token.length > TOKEN_LENGTH_MAX ? null : this.#verifyToken(token, nowMs);
  }

  /**
   * The answer to a token that was missing or not valid. Bad tokens count against their address.
   */
  refuse(token: string, address: string, nowMs: number): Problem {
    if (token === '') return NO_TOKEN;
    return this.#limits.check('bad-tokens', address, null, nowMs) ?? BAD_TOKEN;
  }
}
