// The texts of refresh tokens. A log-in's first token is random. Each successor is derived from the
// token that is changed for it and a secret of the server, because stores hold hashes only: so a
// token that comes again gives the same successor, on every node with the secret (A1a).

import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { RandomBytes } from './random-bytes.ts';
import { SigningSecrets } from './signing-secrets.ts';

const FIRST_BYTES = 32;
/** SHA-256. */
const KEY_BYTES = 32;
/** Separates this key from other uses of the secret (HKDF, RFC 5869). */
const LABEL = 'livedrops refresh-token successor 1';

export interface RefreshTokensOptions {
  /** All nodes need the same. A text: the one secret there is. */
  readonly secret: SigningSecrets | string;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  readonly random: RandomBytes;
}

export class RefreshTokens {
  readonly #secrets: SigningSecrets;
  readonly #now: () => number;
  readonly #random: RandomBytes;
  #key: { readonly secret: string; readonly bytes: Buffer } | null = null;

  constructor({ secret, now = Date.now, random }: RefreshTokensOptions) {
    this.#secrets = typeof secret === 'string' ? SigningSecrets.one(secret) : secret;
    this.#now = now;
    this.#random = random;
  }

  /** A token that begins a family. */
  first(): string {
    return Buffer.from(this.#random(FIRST_BYTES)).toString('base64url');
  }

  /** Nobody without the secret can compute it, not even from `token`. */
  successorOf(token: string): string {
    return createHmac('sha256', this.#keyBytes()).update(token).digest('base64url');
  }

  /** Of the oldest secret: a new one changes no successor while the one before it is there. */
  #keyBytes(): Buffer {
    const { secret } = this.#secrets.oldest(this.#now());
    if (this.#key?.secret !== secret) {
      const bytes = Buffer.from(hkdfSync('sha256', secret, '', LABEL, KEY_BYTES));
      this.#key = { secret, bytes };
    }
    return this.#key.bytes;
  }
}

/** What stores hold of a token: SHA-256 in hex. */
export function refreshTokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
