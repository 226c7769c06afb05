// VAPID keys in memory, for tests.

import { VAPID_KEYS_MAX, type VapidKey, type VapidKeyStore } from '../ports/vapid-keys.ts';

export class MemoryVapidKeys implements VapidKeyStore {
  #keys: readonly VapidKey[] = [];

  async list(): Promise<readonly VapidKey[]> {
    return this.#keys;
  }

  async add(key: VapidKey, after: string | null): Promise<boolean> {
    const newest = this.#keys[0]?.keyId ?? null;
    if (newest !== after || this.#keys.length >= VAPID_KEYS_MAX) return false;
    this.#keys = [key, ...this.#keys];
    return true;
  }

  async remove(keyId: string): Promise<boolean> {
    const index = this.#keys.findIndex((key) => key.keyId === keyId);
    if (index <= 0) return false;
    this.#keys = this.#keys.toSpliced(index, 1);
    return true;
  }
}
