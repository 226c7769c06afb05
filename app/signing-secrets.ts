// The secrets that sign one's own access tokens. Several overlap while one follows another: the new
// one verifies before it signs, so that every node knows it by then, and the old one verifies until
// the tokens that it signed have ended. Each has a key id, which tokens carry.

import { hkdfSync } from 'node:crypto';

export interface SigningSecret {
  readonly secret: string;
  /**
   * Signs from this time on, in milliseconds since the Unix epoch. It verifies before. Infinity: it
   * signs nothing.
   */
  readonly from: number;
  /** Neither signs nor verifies from this time on. Infinity: it has no end. */
  readonly until: number;
}

export interface KeyedSecret extends SigningSecret {
  readonly keyId: string;
}

export const SECRET_BYTES_MIN = 32;
/** Secrets at once. Each may have to be tried for a token that names none. */
export const SECRETS_MAX = 8;
const KEY_ID_BYTES = 9;
/** Separates key ids from other uses of the secret (HKDF, RFC 5869): they say nothing of it. */
const LABEL = 'livedrops access-token key id 1';

export class SigningSecrets {
  #secrets: readonly KeyedSecret[] = [];
  readonly #listeners: (() => void)[] = [];

  /** The newest first. Errors: a RangeError where a secret is too short, or none signs. */
  constructor(secrets: readonly SigningSecret[]) {
    this.#secrets = keyed(secrets);
  }

  /** One secret that always signs. */
  static one(secret: string): SigningSecrets {
    return new SigningSecrets([{ secret, from: 0, until: Infinity }]);
  }

  /** The newest first, those too that have ended. */
  get all(): readonly KeyedSecret[] {
    return this.#secrets;
  }

  /** Errors: as the constructor's; then nothing has changed. */
  replace(secrets: readonly SigningSecret[]): void {
    this.#secrets = keyed(secrets);
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener after each `replace`: a token of before may be valid no more. */
  onReplaced(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The newest one whose time has come. */
  signing(nowMs: number): KeyedSecret {
    const present = this.#secrets.filter(({ until }) => nowMs < until);
    return present.find(({ from }) => from <= nowMs) ?? present[0]!;
  }

  /** The oldest one that signs or has signed, and has not ended. */
  oldest(nowMs: number): KeyedSecret {
    const signed = this.#secrets.findLast(({ from, until }) => from <= nowMs && nowMs < until);
    return signed ?? this.signing(nowMs);
  }
}

export function keyIdOf(secret: string): string {
  const bytes = hkdfSync('sha256', secret, '', LABEL, KEY_ID_BYTES);
  return Buffer.from(bytes).toString('base64url');
}

function keyed(secrets: readonly SigningSecret[]): readonly KeyedSecret[] {
  if (secrets.some(({ secret }) => Buffer.byteLength(secret) < SECRET_BYTES_MIN)) {
    throw new RangeError(`A secret for access tokens needs at least ${SECRET_BYTES_MIN} bytes.`);
  }
  if (secrets.length > SECRETS_MAX)
    throw new RangeError(`There are at most ${SECRETS_MAX} secrets for access tokens.`);
  if (!secrets.some(({ until }) => until === Infinity))
    throw new RangeError('One secret for access tokens must have no end.');
  return Object.freeze(secrets.map((one) => ({ ...one, keyId: keyIdOf(one.secret) })));
}
