// Authenticates requests: reads the access token from the header, verifies it, and limits the
// forged tokens of an address. Expired ones are not limited: nobody can guess a good signature.

import { API_KEY_PREFIX } from '../../contracts/api-keys.ts';
import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { IdentityCache } from './identity-cache.ts';
import type { Problem } from './problems.ts';
import type { TokenIdentity, TokenRefusal } from '../../contracts/accounts.ts';
import type { RateLimits } from './rate-limits.ts';
import type { VerifyToken } from './route.ts';

const BEARER = /^bearer +/i;
const PLAIN_SCHEME = 'Bearer ';

/** Why credentials identify no user now. `api-key`: they are one, which `KeyIdentities` knows. */
export type CredentialsRefusal = TokenRefusal | 'missing' | 'api-key';

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
export const BAD_KEY: Problem = {
  ok: false,
  code: 'unauthenticated',
  detail: 'The API key is not valid, was revoked, or has ended.',
};

const UNDECIDED: Problem = {
  ok: false,
  code: 'unavailable',
  detail: "The keys of the access token's issuer are not here yet.",
};

const NONE_ENDED = { version: 0, refuses: () => false };
const NOT_FOR_KEYS: Problem = {
  ok: false,
  code: 'forbidden',
  detail: 'API keys do not order and open no live streams: use an access token.',
};

export interface AuthenticatorOptions {
  readonly verifyToken: VerifyToken;
  readonly limits: RateLimits;
  /** Sessions whose tokens are no longer valid; none unless given. */
  readonly ended?: Pick<EndedSessions, 'refuses' | 'version'>;
  readonly cache?: IdentityCache;
}

export class Authenticator {
  readonly #verifyToken: VerifyToken;
  readonly #limits: RateLimits;
  readonly #ended: Pick<EndedSessions, 'refuses' | 'version'>;
  readonly #cache: IdentityCache;

  constructor(options: AuthenticatorOptions) {
    const { verifyToken, limits, ended = NONE_ENDED, cache = new IdentityCache() } = options;
    this.#verifyToken = verifyToken;
    this.#limits = limits;
    this.#ended = ended;
    this.#cache = cache;
  }

  /**
   * The identity in an Authorization header, or why it has none now; then `refuse` makes the
   * reply.
   */
  identify(authorization: string, nowMs: number): TokenIdentity | CredentialsRefusal {
    const remembered = this.#cache.find(authorization);
    if (remembered === undefined) return this.#verify(authorization, nowMs);
    const { identity } = remembered;
    if (nowMs >= identity.expiresAt * 1_000) return 'expired';
    const { version } = this.#ended;
    if (remembered.endedVersion === version) return identity;
    if (this.#ended.refuses(identity)) return 'expired';
    remembered.endedVersion = version;
    return identity;
  }

  /** Whether an identity that was valid is so at `nowMs`: neither token nor session has ended. */
  isValid(identity: TokenIdentity, nowMs: number): boolean {
    return nowMs < identity.expiresAt * 1_000 && !this.#ended.refuses(identity);
  }

  /** Like `identify`, for a token that did not come in a header. */
  identifyToken(token: string, nowMs: number): TokenIdentity | CredentialsRefusal {
    return this.identify(`${PLAIN_SCHEME}${token}`, nowMs);
  }

  /**
   * Only valid credentials are cached, and only in their plain form. So neither bad tokens nor the
   * many spellings of one header can evict others.
   */
  #verify(authorization: string, nowMs: number): TokenIdentity | CredentialsRefusal {
    const token = bearerToken(authorization);
    if (token === '') return 'missing';
    if (token.startsWith(API_KEY_PREFIX)) return 'api-key';
    if (token.length > ACCESS_TOKEN_LENGTH_MAX) return 'invalid';
    const identity = this.#verifyToken(token, nowMs);
    if (typeof identity === 'string') return identity;
    if (this.#ended.refuses(identity)) return 'expired';
    const { version: endedVersion } = this.#ended;
    if (authorization === `${PLAIN_SCHEME}${token}`)
      this.#cache.add({ credentials: authorization, identity, endedVersion });
    return identity;
  }

  /** Verifies every token again: one that was valid may be so no more. */
  forget(): void {
    this.#cache.clear();
  }

  /**
   * The reply to missing or bad credentials, `bad` where they are a token or a key that is good no
   * more or never was. Only those count against their address that never were.
   */
  refuse(
    refusal: CredentialsRefusal,
    address: string,
    monotonicMs: number,
    bad: Problem = BAD_TOKEN,
  ): Problem {
    if (refusal === 'missing') return NO_TOKEN;
    if (refusal === 'expired') return bad;
    if (refusal === 'undecided') return UNDECIDED;
    if (refusal === 'api-key') return NOT_FOR_KEYS;
    return this.#limits.check('bad-tokens', address, null, monotonicMs) ?? bad;
  }
}
