// The VAPID keys in force: made at the first start, read from the store now and then, so that a
// rotation on one node reaches all.

import { LRUCache } from 'lru-cache';
import type { VapidKey, VapidKeyStore } from '../../storage/ports/vapid-keys.ts';
import { newVapidKey } from './vapid.ts';

export interface VapidKeysOptions {
  readonly vapidKeys: VapidKeyStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** A rotation has reached every node by then. */
export const KEYS_READ_EVERY_MS = 10_000;
/** For ids that are not known, and after a failure. */
const KEYS_READ_EVERY_MIN_MS = 1_000;
/** Ids that were asked for and not found, about 100 bytes each. */
const MISSED_MAX = 256;

/** What others may know of a key. */
export type PublicVapidKey = Pick<VapidKey, 'keyId' | 'publicKey'>;

export class VapidKeys {
  readonly #options: VapidKeysOptions;
  #keys: readonly VapidKey[] = [];
  #readAt = -Infinity;
  #reading: Promise<void> | null = null;
  #failed: { readonly at: number; readonly error: unknown } | null = null;
  /** By id, when it was first asked for and not found. */
  readonly #missed = new LRUCache<string, number>({ max: MISSED_MAX });

  constructor(options: VapidKeysOptions) {
    this.#options = options;
  }

  /**
   * The one that browsers subscribe with; made where there is none. Errors: `store-unavailable`.
   */
  async present(): Promise<PublicVapidKey> {
    await this.#read(KEYS_READ_EVERY_MS);
    if (this.#keys.length === 0) {
      const { vapidKeys, now } = this.#options;
      await vapidKeys.add(newVapidKey(now()), null);
      // One that began before the key was there may be under way.
      await this.#reading;
      await this.#read(0);
    }
    const { keyId, publicKey } = this.#keys[0]!;
    return { keyId, publicKey };
  }

  /** Whether messages to subscriptions with this key can be sent. Errors: `store-unavailable`. */
  async knows(keyId: string): Promise<boolean> {
    return (await this.find(keyId)) !== null;
  }

  /** Null: there is no such key any more. Errors: `store-unavailable`. */
  async find(keyId: string): Promise<VapidKey | null> {
    const known = this.#known(keyId);
    try {
      await this.#read(known === null ? KEYS_READ_EVERY_MIN_MS : KEYS_READ_EVERY_MS);
    } catch (error) {
      // A key never changes: the store may be away.
      if (known === null) throw error;
    }
    return this.#known(keyId);
  }

  /**
   * As `find`, for a subscription that is there. `early`: there may be such a key, which the keys
   * were read too early for; the next reading tells.
   */
  async findSubscribed(keyId: string): Promise<VapidKey | 'early' | null> {
    const askedAt = this.#options.monotonic();
    const key = await this.find(keyId);
    if (key !== null) return key;
    const firstAskedAt = this.#missed.get(keyId) ?? askedAt;
    if (this.#readAt >= firstAskedAt) return null;
    this.#missed.set(keyId, firstAskedAt);
    return 'early';
  }

  #known(keyId: string): VapidKey | null {
    return this.#keys.find((key) => key.keyId === keyId) ?? null;
  }

  /**
   * Unless the keys were read within `everyMs`. One reading serves all who wait for it, and so does
   * its failure for a second.
   */
  async #read(everyMs: number): Promise<void> {
    const { vapidKeys, monotonic } = this.#options;
    if (monotonic() - this.#readAt < everyMs) return;
    if (this.#failed !== null && monotonic() - this.#failed.at < KEYS_READ_EVERY_MIN_MS)
      throw this.#failed.error;
    this.#reading ??= (async () => {
      const at = monotonic();
      try {
        this.#keys = await vapidKeys.list();
      } catch (error) {
        this.#failed = { at: monotonic(), error };
        throw error;
      }
      this.#failed = null;
      this.#readAt = at;
    })().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }
}
