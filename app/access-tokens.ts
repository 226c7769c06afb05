// Access tokens: short-lived JSON Web Tokens (RFC 7519) with a user's id and roles. The holder of a
// valid token may order without a lookup of the account (A2).

import { ACCESS_TOKEN_LENGTH_MAX } from '../contracts/bounds.ts';
import { USER_ID } from '../contracts/patterns.ts';
import type { TokenIdentity, TokenRefusal } from '../contracts/accounts.ts';
import { createSigner, createVerifier } from 'fast-jwt';

export interface AccessTokensOptions {
  /** Signs and verifies with HS256. At least 32 bytes. */
  readonly secret: string;
  /** PEM of an Ed25519 public key. Tokens signed with its private key (EdDSA) are accepted too. */
  readonly publicKey?: string;
  /** Milliseconds since the Unix epoch; for `sign`. */
  readonly now?: () => number;
}

type Claims = Record<string, unknown>;

export const SECRET_BYTES_MIN = 32;
const ROLES_MAX = 16;
const userId = new RegExp(USER_ID);
const NO_ROLES: readonly string[] = Object.freeze([]);

export class AccessTokens {
  readonly #sign: (claims: Claims) => string;
  readonly #verifiers: ((token: string) => Claims)[];
  readonly #now: () => number;

  constructor(options: AccessTokensOptions) {
    if (Buffer.byteLength(options.secret) < SECRET_BYTES_MIN) {
      throw new RangeError(
        `The secret for access tokens needs at least ${SECRET_BYTES_MIN} bytes.`,
      );
    }
    this.#sign = createSigner<Claims>({ key: options.secret, algorithm: 'HS256' });
    // Each key is bound to one algorithm: a token cannot choose how it is verified. `exp` is
    // checked here, at every use.
    const common = { ignoreExpiration: true, cache: false } as const;
    this.#verifiers = [
      createVerifier<string>({ ...common, key: options.secret, algorithms: ['HS256'] }),
    ];
    if (options.publicKey !== undefined) {
      this.#verifiers.push(
        createVerifier<string>({ ...common, key: options.publicKey, algorithms: ['EdDSA'] }),
      );
    }
    this.#now = options.now ?? Date.now;
  }

  sign(claims: { userId: string; roles: readonly string[]; lifetimeSeconds: number }): string {
    const iat = Math.floor(this.#now() / 1_000);
    const exp = iat + claims.lifetimeSeconds;
    return this.#sign(
      claims.roles.length === 0
        ? { sub: claims.userId, iat, exp }
        : { sub: claims.userId, iat, exp, roles: [...claims.roles] },
    );
  }

  /** The token's identity, or why it is not valid at `nowMs` (since the Unix epoch). */
  verify(token: string, nowMs: number): TokenIdentity | TokenRefusal {
    if (token.length > ACCESS_TOKEN_LENGTH_MAX) return 'invalid';
    for (const verifier of this.#verifiers) {
      try {
        const identity = identityOf(verifier(token));
        if (identity === null) return 'invalid';
        return nowMs < identity.expiresAt * 1_000 ? identity : 'expired';
      } catch {
        // Not signed with this key: fast-jwt reports this only by an error.
      }
    }
    return 'invalid';
  }
}

function identityOf(claims: Claims): TokenIdentity | null {
  const { sub, exp, roles } = claims;
  if (typeof sub !== 'string' || !userId.test(sub)) return null;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return null;
  if (roles === undefined) return { userId: sub, roles: NO_ROLES, expiresAt: exp };
  if (!Array.isArray(roles) || roles.length > ROLES_MAX) return null;
  if (!roles.every((role) => typeof role === 'string')) return null;
  return { userId: sub, roles: Object.freeze([...roles]), expiresAt: exp };
}
