// Verifies access tokens of other issuers (RFC 7519, RFC 9068): signature, issuer, audience, times
// and kind. A user's id is `sub` within the issuer, and roles come from the configured rules only.

import type { TokenIdentity, TokenRefusal } from '../../contracts/accounts.ts';
import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import { USER_ID } from '../../contracts/patterns.ts';
import { isOrganisationId, isScoped, scopedUserId } from '../user-ids.ts';
import type { Issuer, RoleRule } from './issuer.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { ALGORITHMS, type Algorithm } from './jwks.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface KnownIssuer {
  readonly issuer: Issuer;
  readonly keys: Pick<IssuerKeys, 'find'>;
}

/** How far an issuer's clock may be from this one. */
export const CLOCK_SKEW_SECONDS = 30;
/**
 * Kinds of tokens that give access. Others, such as log-out tokens, are signed by the same keys.
 */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt'];
const KEY_ID_LENGTH_MAX = 256;
const SUBJECT_LENGTH_MAX = 1_024;
const AUDIENCES_MAX = 64;
const plainUserId = new RegExp(USER_ID);

export class IssuerTokens {
  readonly #issuers: ReadonlyMap<string, KnownIssuer>;

  constructor(issuers: readonly KnownIssuer[]) {
    this.#issuers = new Map(issuers.map((known) => [known.issuer.issuer, known]));
  }

  /** `header`: of the token, decoded. `nowMs`: since the Unix epoch. */
  verify(token: string, header: Fields, nowMs: number): TokenIdentity | TokenRefusal {
    if (token.length > ACCESS_TOKEN_LENGTH_MAX) return 'invalid';
    const algorithm = ALGORITHMS.find((one) => one === header['alg']);
    const keyId = keyIdOf(header);
    if (algorithm === undefined || keyId === undefined || !isOfType(header)) return 'invalid';
    const said = unverifiedClaims(token);
    const known = this.#issuers.get(typeof said['iss'] === 'string' ? said['iss'] : '');
    if (known === undefined) return 'invalid';
    // A signature costs a hundred times as much to verify as what the token says, so that is read
    // first. A forged token that has expired learns no more than one that was good.
    const identity = identityOf(said, known.issuer, nowMs);
    if (typeof identity === 'string') return identity;
    const claims = verifiedClaims(known, token, algorithm, keyId);
    return typeof claims === 'string' ? claims : identityOf(claims, known.issuer, nowMs);
  }
}

/** Null where there is none; undefined where it is none that could be meant. */
function keyIdOf({ kid }: Fields): string | null | undefined {
  if (kid === undefined) return null;
  return typeof kid === 'string' && kid.length <= KEY_ID_LENGTH_MAX ? kid : undefined;
}

function isOfType({ typ, crit, b64 }: Fields): boolean {
  // Extensions that must be understood (RFC 7515, 4.1.11): there are none that are.
  if (crit !== undefined || b64 !== undefined) return false;
  return TYPES.includes(typeof typ === 'string' ? typ.toLowerCase() : typ);
}

/** Nothing of it counts before the signature is verified. */
function unverifiedClaims(token: string): Fields {
  const [, payload = ''] = token.split('.', 2);
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Fields) : {};
  } catch {
    return {};
  }
}

function verifiedClaims(
  { issuer, keys }: KnownIssuer,
  token: string,
  algorithm: Algorithm,
  keyId: string | null,
): Fields | TokenRefusal {
  const key = keys.find(algorithm, keyId);
  if (key === 'undecided') return 'undecided';
  if (key === 'unknown') return 'invalid';
  try {
    const claims = key.verify(token);
    return claims['iss'] === issuer.issuer ? claims : 'invalid';
  } catch {
    return 'invalid';
  }
}

function identityOf(claims: Fields, issuer: Issuer, nowMs: number): TokenIdentity | TokenRefusal {
  const { sub, exp, nbf, iat, aud } = claims;
  if (!isAudience(aud, issuer.audience)) return 'invalid';
  if (!isTime(exp) || !isTimeOrNone(nbf) || !isTimeOrNone(iat)) return 'invalid';
  const latest = nowMs / 1_000 + CLOCK_SKEW_SECONDS;
  if ((nbf ?? 0) > latest || (iat ?? 0) > latest) return 'invalid';
  const userId = typeof sub === 'string' ? userIdOf(sub, issuer) : null;
  if (userId === null) return 'invalid';
  const expiresAt = Math.floor(exp) + CLOCK_SKEW_SECONDS;
  if (nowMs >= expiresAt * 1_000) return 'expired';
  return { userId, roles: rolesOf(claims, issuer.roles), expiresAt };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isTimeOrNone(value: unknown): value is number | undefined {
  return value === undefined || isTime(value);
}

function isAudience(aud: unknown, audience: string): boolean {
  if (Array.isArray(aud)) return aud.length <= AUDIENCES_MAX && aud.includes(audience);
  return aud === audience;
}

/**
 * Null where it is none. The main issuer's users cannot take ids of other issuers' users, nor those
 * of organisations.
 */
function userIdOf(sub: string, { name }: Issuer): string | null {
  if (sub === '' || sub.length > SUBJECT_LENGTH_MAX) return null;
  if (name !== '') return scopedUserId(`@${name}`, sub);
  return plainUserId.test(sub) && !isScoped(sub) && !isOrganisationId(sub) ? sub : null;
}

function rolesOf(claims: Fields, rules: readonly RoleRule[]): readonly string[] {
  const roles = rules
    .filter(({ claim, value }) => hasValue(claimAt(claims, claim), value))
    .map(({ role }) => role);
  return Object.freeze([...new Set(roles)]);
}

/** The claim of that name, or one inside others. */
function claimAt(claims: Fields, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Fields)[part];
  }
  return value;
}

/** A list that has the value, or a text of words with spaces between, as `scope` is. */
function hasValue(claim: unknown, value: string): boolean {
  if (Array.isArray(claim)) return claim.includes(value);
  return typeof claim === 'string' && claim.split(' ').includes(value);
}
