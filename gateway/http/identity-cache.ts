// Caches the identities of credentials that were verified lately, because the order path needs
// them. There are two generations: new entries go to the young one. When the young one is full it
// becomes the old one, and the former old one is evicted. So a hit in the young generation changes
// nothing, and entries in use stay.

import type { TokenIdentity } from '../../contracts/accounts.ts';

export interface Remembered {
  readonly credentials: string;
  readonly identity: TokenIdentity;
  /** `EndedSessions.version` when it was found that the session had not ended. */
  endedVersion: number;
}

const COUNT_MAX = 200_000;
/** Tokens of other issuers may have 4 KiB, so their number alone bounds no memory. */
const LENGTH_MAX = 128 * 1_024 * 1_024;
const KEY_LENGTH = 8;

/**
 * The key is a number computed from the end of the text. In a token that is the signature, which is
 * random. The whole text is compared after that. A hit takes 0.1 µs; a map keyed by the text takes
 * 0.4 µs, because it hashes the whole text (measured with 144 fresh characters, 64 to 10,000 tokens
 * in turn). Callers should pass the text as the server gave it: comparing a substring of another
 * text is slower.
 */
export class IdentityCache {
  readonly #generationCountMax: number;
  readonly #generationLengthMax: number;
  #young = new Map<number, Remembered>();
  /** Characters of all texts that were added to the young generation. */
  #youngLength = 0;
  #old = new Map<number, Remembered>();

  constructor(options: { countMax?: number; lengthMax?: number } = {}) {
    this.#generationCountMax = Math.max(1, Math.ceil((options.countMax ?? COUNT_MAX) / 2));
    this.#generationLengthMax = (options.lengthMax ?? LENGTH_MAX) / 2;
  }

  /** Also finds tokens that have expired since. */
  find(credentials: string): Remembered | undefined {
    const key = keyOf(credentials);
    const young = this.#young.get(key);
    if (young !== undefined && young.credentials === credentials) return young;
    const old = this.#old.get(key);
    if (old === undefined || old.credentials !== credentials) return undefined;
    this.#add(key, old);
    return old;
  }

  add(remembered: Remembered): void {
    this.#add(keyOf(remembered.credentials), remembered);
  }

  clear(): void {
    this.#young = new Map();
    this.#youngLength = 0;
    this.#old = new Map();
  }

  #add(key: number, entry: Remembered): void {
    const isFull =
      this.#young.size >= this.#generationCountMax ||
      this.#youngLength >= this.#generationLengthMax;
    if (isFull) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngLength = 0;
    }
    this.#young.set(key, entry);
    this.#youngLength += entry.credentials.length;
  }
}

function keyOf(text: string): number {
  let key = 0;
  for (let i = text.length - KEY_LENGTH; i < text.length; i++) {
    key = (Math.imul(key, 31) + text.charCodeAt(i)) | 0;
  }
  return key;
}
