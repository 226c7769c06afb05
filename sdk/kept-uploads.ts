// The addresses of uploads that are not finished, kept so that they go on after a reload.

import { type KeyValueStorage, readJson } from './storage.ts';

interface KeptUpload {
  readonly key: string;
  readonly url: string;
  /** Milliseconds since the Unix epoch. */
  readonly madeAt: number;
}

const ITEM = 'livedrops:uploads';
/** The server removes what is not finished within 24 hours. */
const LIFETIME_MS = 23 * 60 * 60 * 1_000;
/** The oldest ones are forgotten beyond. */
const KEPT_MAX = 100;

export class KeptUploads {
  readonly #storage: KeyValueStorage;

  constructor(storage: KeyValueStorage) {
    this.#storage = storage;
  }

  find(key: string): string | null {
    return this.#read().find((one) => one.key === key)?.url ?? null;
  }

  keep(key: string, url: string): void {
    const others = this.#read().filter((one) => one.key !== key);
    this.#write([...others, { key, url, madeAt: Date.now() }].slice(-KEPT_MAX));
  }

  forget(url: string): void {
    const all = this.#read();
    const left = all.filter((one) => one.url !== url);
    if (left.length < all.length) this.#write(left);
  }

  #read(): KeptUpload[] {
    const all = readJson(this.#storage, ITEM);
    if (!Array.isArray(all)) return [];
    return (all as KeptUpload[]).filter(
      ({ madeAt }) => Math.abs(Date.now() - madeAt) < LIFETIME_MS,
    );
  }

  /** Where the storage is full, an upload goes on, but not after a reload. */
  #write(uploads: readonly KeptUpload[]): void {
    try {
      if (uploads.length === 0) this.#storage.removeItem(ITEM);
      else this.#storage.setItem(ITEM, JSON.stringify(uploads));
    } catch {
      // The browser's own limit.
    }
  }
}
