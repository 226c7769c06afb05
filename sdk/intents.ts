// Intents: what a person wants once, however often it is tried. Each has an idempotency key, which
// is made and kept before the first try, and is forgotten when the answer is there: so a repeat
// after a lost answer, a second press, a reload or (with a storage that lasts) a crash goes on with
// the same key, and the server does it once (O3, H11).

import { IntentGoneError, IntentPendingError } from './errors.ts';
import { type KeyValueStorage, readJson } from './storage.ts';

/** An intent without an answer. */
export interface PendingIntent {
  readonly name: string;
  readonly key: string;
  /** The user whose it is; empty where the token does not tell. */
  readonly userId: string;
  /** Such as `POST /v1/drops/{id}/orders`. */
  readonly operation: string;
  readonly path?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  /** Milliseconds since the Unix epoch. */
  readonly madeAt: number;
}

export type Asked = Pick<PendingIntent, 'operation' | 'path' | 'query' | 'body'>;

const ITEM = 'livedrops:intents';
/** The server keeps answers for 24 hours; a key is not used again shortly before that. */
const LIFETIME_MS = 23 * 60 * 60 * 1_000;
/** The oldest ones are forgotten beyond. */
const PENDING_MAX = 100;

export class Intents {
  readonly #storage: KeyValueStorage;

  constructor(storage: KeyValueStorage) {
    this.#storage = storage;
  }

  /** The pending one of this name, or a new one, kept. Errors: `IntentPendingError`. */
  begin(name: string, userId: string, asked: Asked): PendingIntent {
    const all = this.#read();
    const present = all.find((one) => one.name === name && one.userId === userId);
    if (present !== undefined) {
      if (textOf(present) !== textOf(asked)) throw new IntentPendingError(name);
      return present;
    }
    const intent = { name, key: makeKey(), userId, ...asked, madeAt: Date.now() };
    this.#write([...all, intent].slice(-PENDING_MAX));
    return intent;
  }

  /** The pending one of this key. Errors: `IntentGoneError`. */
  find(key: string, userId: string): PendingIntent {
    const present = this.pending(userId).find((one) => one.key === key);
    if (present === undefined) throw new IntentGoneError(key);
    return present;
  }

  end(key: string): void {
    const all = this.#read();
    const left = all.filter((one) => one.key !== key);
    if (left.length < all.length) this.#write(left);
  }

  /** Those of the user, the oldest first. */
  pending(userId: string): PendingIntent[] {
    return this.#read().filter((one) => one.userId === userId);
  }

  #read(): PendingIntent[] {
    const all = (readJson(this.#storage, ITEM) ?? []) as PendingIntent[];
    return all.filter(({ madeAt }) => Math.abs(Date.now() - madeAt) < LIFETIME_MS);
  }

  #write(intents: readonly PendingIntent[]): void {
    if (intents.length === 0) this.#storage.removeItem(ITEM);
    else this.#storage.setItem(ITEM, JSON.stringify(intents));
  }
}

function textOf({ operation, path, query, body }: Asked): string {
  return JSON.stringify([operation, path, query, body]);
}

/**
 * 128 random bits. Node 18 has no global `crypto`: there `Math.random`, which will do, as a key has
 * to differ from the user's other keys and is no secret.
 */
export function makeKey(): string {
  const bytes = new Uint8Array(16);
  const { crypto } = globalThis as { crypto?: Pick<typeof globalThis.crypto, 'getRandomValues'> };
  if (crypto === undefined) bytes.forEach((_, i) => (bytes[i] = Math.random() * 256));
  else crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
