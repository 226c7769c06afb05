// The texts of refresh tokens. A log-in's first token is random. Each successor is derived from the
// token that is changed for it and a secret of the server, because stores hold hashes only: so a
// token that comes again gives the same successor, on every node with the secret (A1a).

import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { RandomBytes } from './random-bytes.ts';

const FIRST_BYTES = 32;
/** SHA-256. */
const KEY_BYTES = 32;
/** Separates this key from other uses of the secret (HKDF, RFC 5869). */
const LABEL = 'livedrops refresh-token successor 1';

export class RefreshTokens {
  readonly #key: Buffer;
  readonly #random: RandomBytes;

  /** All nodes need the same secret. */
  constructor({ secret, random }: { readonly secret: string; readonly random: RandomBytes }) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', LABEL, KEY_BYTES));
    this.#random = random;
  }

  /** A token that begins a family. */
  first(): string {
    return Buffer.from(this.#random(FIRST_BYTES)).toString('base64url');
  }

  /** Nobody without the secret can compute it, not even from `token`. */
  successorOf(token: string): string {
    return createHmac('sha256', this.#key).update(token).digest('base64url');
  }
}

/** What stores hold of a token: SHA-256 in hex. */
export function refreshTokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
