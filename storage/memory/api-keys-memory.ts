// API keys in memory, for tests.

import { newestKeyFirst } from '../formats/api-key.ts';
import { API_KEYS_PER_OWNER_MAX, type ApiKeyStore, type StoredApiKey } from '../ports/api-keys.ts';

export class MemoryApiKeyStore implements ApiKeyStore {
  readonly #keys = new Map<string, StoredApiKey>();

  async add(key: StoredApiKey): Promise<boolean> {
    if (this.#of(key.ownerId).length >= API_KEYS_PER_OWNER_MAX) return false;
    this.#keys.set(key.id, key);
    return true;
  }

  async findByHash(hash: string): Promise<StoredApiKey | null> {
    return [...this.#keys.values()].find((key) => key.hash === hash) ?? null;
  }

  async list(ownerId: string): Promise<readonly StoredApiKey[]> {
    return this.#of(ownerId).toSorted(newestKeyFirst);
  }

  async remove(ownerId: string, id: string): Promise<boolean> {
    return this.#keys.get(id)?.ownerId === ownerId && this.#keys.delete(id);
  }

  async removeAll(ownerId: string): Promise<void> {
    for (const { id } of this.#of(ownerId)) this.#keys.delete(id);
  }

  async markUsed(id: string, at: number): Promise<void> {
    const key = this.#keys.get(id);
    if (key !== undefined && (key.lastUsedAt ?? 0) < at)
      this.#keys.set(id, { ...key, lastUsedAt: at });
  }

  #of(ownerId: string): StoredApiKey[] {
    return [...this.#keys.values()].filter((key) => key.ownerId === ownerId);
  }
}
