// The public keys of a JSON Web Key Set (RFC 7517). Each key is bound to the one algorithm of its
// kind, so that a token cannot choose how it is verified. Keys of other kinds, weak keys, and keys
// for something else than signatures are ignored.

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { createVerifier } from 'fast-jwt';

export const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface IssuerKey {
  /** Empty where the set gives none. */
  readonly keyId: string;
  readonly algorithm: Algorithm;
  /** The key itself, in PEM. */
  readonly pem: string;
  /** The claims of a token that this key signed; throws where it did not. */
  readonly verify: (token: string) => Record<string, unknown>;
}

/** More than any issuer publishes. */
export const KEYS_MAX = 64;
const KEY_ID_LENGTH_MAX = 256;
const RSA_BITS_MIN = 2_048;
/** Verifying takes longer with the length and the exponent. */
const RSA_BITS_MAX = 8_192;
const RSA_EXPONENT_MAX = 2n ** 32n;

/** Errors: an Error where it is no set of keys, has too many, or none that can be used. */
export function keysOf(document: unknown): readonly IssuerKey[] {
  const { keys } = (document ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('it is no JSON Web Key Set');
  if (keys.length > KEYS_MAX) throw new Error(`it has more than ${KEYS_MAX} keys`);
  const usable = keys.map(keyOf).filter((key) => key !== null);
  if (usable.length === 0) throw new Error('it has no key for RS256, ES256 or EdDSA');
  return usable;
}

function keyOf(jwk: unknown): IssuerKey | null {
  if (typeof jwk !== 'object' || jwk === null) return null;
  const { kid, use, alg, key_ops: operations, d } = jwk as Record<string, unknown>;
  if (use !== undefined && use !== 'sig') return null;
  if (Array.isArray(operations) && !operations.includes('verify')) return null;
  // A private key that is published is everybody's.
  if (d !== undefined) return null;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > KEY_ID_LENGTH_MAX)) return null;
  const key = publicKey(jwk as JsonWebKey);
  const algorithm = key === null ? null : algorithmOf(key);
  if (key === null || algorithm === null) return null;
  if (alg !== undefined && alg !== algorithm) return null;
  const pem = key.export({ type: 'spki', format: 'pem' }) as string;
  const verify = createVerifier({
    key: pem,
    algorithms: [algorithm],
    // The claims are checked by the caller, at a time of its own.
    ignoreExpiration: true,
    ignoreNotBefore: true,
    cache: false,
  });
  return { keyId: kid ?? '', algorithm, pem, verify };
}

function publicKey(jwk: JsonWebKey): KeyObject | null {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // A kind of key that Node does not know, a secret one, or one whose numbers are wrong.
    return null;
  }
}

function algorithmOf(key: KeyObject): Algorithm | null {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= RSA_BITS_MIN &&
        modulusLength <= RSA_BITS_MAX &&
        publicExponent <= RSA_EXPONENT_MAX
        ? 'RS256'
        : null;
    case 'ec':
      return namedCurve === 'prime256v1' ? 'ES256' : null;
    case 'ed25519':
      return 'EdDSA';
    default:
      return null;
  }
}
