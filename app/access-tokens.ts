// One's own access tokens: short-lived JSON Web Tokens (RFC 7519) with a user's id and roles. The
// holder of a valid token may order without a lookup of the account (A2).

import { ACCESS_TOKEN_LENGTH_MAX } from '../contracts/bounds.ts';
import { USER_ID } from '../contracts/patterns.ts';
import type { TokenIdentity, TokenRefusal } from '../contracts/accounts.ts';
import { type KeyedSecret, SigningSecrets } from './signing-secrets.ts';
import { headerOf } from './token-header.ts';
import { createSigner, createVerifier } from 'fast-jwt';

export interface AccessTokensOptions {
  /** Sign and verify with HS256. A text: the one secret there is, of at least 32 bytes. */
  readonly secret: SigningSecrets | string;
  /** Milliseconds since the Unix epoch; for `sign`. */
  readonly now?: () => number;
}

type Claims = Record<string, unknown>;

interface Keyed {
  readonly secret: KeyedSecret;
  readonly sign: (claims: Claims) => string;
  readonly verify: (token: string) => Claims;
}

const ROLES_MAX = 16;
const userId = new RegExp(USER_ID);
const NO_ROLES: readonly string[] = Object.freeze([]);

export class AccessTokens {
  readonly #secrets: SigningSecrets;
  readonly #now: () => number;
  #keyed: readonly Keyed[] = [];

  constructor({ secret, now = Date.now }: AccessTokensOptions) {
    this.#secrets = typeof secret === 'string' ? SigningSecrets.one(secret) : secret;
    this.#now = now;
    this.#takeSecrets();
    this.#secrets.onReplaced(() => this.#takeSecrets());
  }

  #takeSecrets(): void {
    // Each key is bound to one algorithm: a token cannot choose how it is verified. `exp` is
    // checked here, at every use.
    const common = { ignoreExpiration: true, cache: false, algorithms: ['HS256' as const] };
    this.#keyed = this.#secrets.all.map((secret) => ({
      secret,
      sign: createSigner<Claims>({ key: secret.secret, algorithm: 'HS256', kid: secret.keyId }),
      verify: createVerifier<string>({ ...common, key: secret.secret }),
    }));
  }

  sign(claims: {
    userId: string;
    roles: readonly string[];
    lifetimeSeconds: number;
    /** Absent for a token that belongs to no session. */
    sessionId?: string;
    /** How the user was authenticated (RFC 8176); absent for no more than a password. */
    amr?: readonly string[];
  }): string {
    const nowMs = this.#now();
    const iat = Math.floor(nowMs / 1_000);
    const exp = iat + claims.lifetimeSeconds;
    const { keyId } = this.#secrets.signing(nowMs);
    const { sign } = this.#keyed.find(({ secret }) => secret.keyId === keyId)!;
    return sign({
      sub: claims.userId,
      iat,
      exp,
      ...(claims.roles.length > 0 && { roles: [...claims.roles] }),
      ...(claims.sessionId !== undefined && { sid: claims.sessionId }),
      ...(claims.amr !== undefined && { amr: claims.amr }),
    });
  }

  /**
   * The token's identity, or why it is not valid at `nowMs` (since the Unix epoch). An identity
   * ends with its token or with the secret that signed it, whichever is earlier.
   */
  verify(token: string, nowMs: number): TokenIdentity | TokenRefusal {
    if (token.length > ACCESS_TOKEN_LENGTH_MAX) return 'invalid';
    const named = this.#named(token);
    // What signs with a shared secret besides this server may name no key, or a key of its own.
    const candidates = named === undefined ? this.#keyed : [named];
    for (const { secret, verify } of candidates) {
      try {
        const identity = identityOf(verify(token));
        if (identity === null) return 'invalid';
        if (nowMs >= secret.until) return 'invalid';
        if (nowMs >= identity.expiresAt * 1_000) return 'expired';
        return secret.until === Infinity ? identity : endingWith(identity, secret);
      } catch {
        // Not signed with this key: fast-jwt reports this only by an error.
      }
    }
    return 'invalid';
  }

  #named(token: string): Keyed | undefined {
    if (this.#keyed.length === 1) return this.#keyed[0];
    const keyId = headerOf(token)?.['kid'];
    return this.#keyed.find(({ secret }) => secret.keyId === keyId);
  }
}

function endingWith(identity: TokenIdentity, { until }: KeyedSecret): TokenIdentity {
  return { ...identity, expiresAt: Math.min(identity.expiresAt, Math.floor(until / 1_000)) };
}

function identityOf(claims: Claims): TokenIdentity | null {
  const { sub, exp, roles, sid } = claims;
  if (typeof sub !== 'string' || !userId.test(sub)) return null;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return null;
  const session = typeof sid === 'string' ? { sessionId: sid } : null;
  if (roles === undefined) return { userId: sub, roles: NO_ROLES, expiresAt: exp, ...session };
  if (!Array.isArray(roles) || roles.length > ROLES_MAX) return null;
  if (!roles.every((role) => typeof role === 'string')) return null;
  return { userId: sub, roles: Object.freeze([...roles]), expiresAt: exp, ...session };
}
