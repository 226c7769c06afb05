// Says to a push service who sends (VAPID, RFC 8292): a token for each origin, signed with the key
// that the subscription was made for.

import {
  createHash,
  generateKeyPairSync,
  type JsonWebKey,
  createPrivateKey,
  sign,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { VapidKey } from '../../storage/ports/vapid-keys.ts';

/** The longest that a service may accept is 24 hours (RFC 8292, 2), by its own clock. */
const TOKEN_VALID_MS = 12 * 60 * 60_000;
/** A token serves all messages to its origin for so long. */
const TOKEN_USED_MS = 6 * 60 * 60_000;
/** Origins and keys whose token is remembered, about 400 bytes each. */
const TOKENS_MAX = 2_048;
const KEY_ID_BYTES = 9;
const HEADER = encoded({ typ: 'JWT', alg: 'ES256' });

export function newVapidKey(createdAt: number): VapidKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.from([4]),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  return {
    keyId: keyIdOf(point),
    publicKey: point.toString('base64url'),
    privateKey: d,
    createdAt,
  };
}

function keyIdOf(point: Buffer): string {
  const hash = createHash('sha256').update(point).digest();
  return hash.subarray(0, KEY_ID_BYTES).toString('base64url');
}

export interface VapidTokensOptions {
  /** Where a push service reaches whoever sends: `mailto:` or https. */
  readonly contact: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The `Authorization` of messages. */
export class VapidTokens {
  readonly #options: VapidTokensOptions;
  readonly #made = new LRUCache<string, { readonly text: string; readonly usedUntil: number }>({
    max: TOKENS_MAX,
  });

  constructor(options: VapidTokensOptions) {
    this.#options = options;
  }

  /** `origin`: of the endpoint, such as `https://push.example.net`. */
  authorization(origin: string, key: VapidKey): string {
    const now = this.#options.now();
    const name = `${key.keyId} ${origin}`;
    const made = this.#made.get(name);
    // A clock that was set back would make a token that is valid for too long.
    if (made !== undefined && now < made.usedUntil && made.usedUntil <= now + TOKEN_USED_MS)
      return made.text;
    const claims = { aud: origin, exp: Math.floor((now + TOKEN_VALID_MS) / 1_000) };
    const token = signedToken({ ...claims, sub: this.#options.contact }, key);
    const text = `vapid t=${token}, k=${key.publicKey}`;
    this.#made.set(name, { text, usedUntil: now + TOKEN_USED_MS });
    return text;
  }
}

/** A token as in RFC 8292, 2.4. */
export function signedToken(
  claims: { readonly aud: string; readonly exp: number; readonly sub: string },
  key: VapidKey,
): string {
  const text = `${HEADER}.${encoded(claims)}`;
  const privateKey = createPrivateKey({ key: jwkOf(key), format: 'jwk' });
  const signature = sign('sha256', Buffer.from(text), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${text}.${signature.toString('base64url')}`;
}

function jwkOf({ publicKey, privateKey }: VapidKey): JsonWebKey {
  const point = Buffer.from(publicKey, 'base64url');
  return {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: privateKey,
  };
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
