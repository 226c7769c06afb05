// The API keys port: keys with which a creator's own systems call (A5). It stores hashes only;
// callers do the hashing.

import type { ApiKey } from '../../contracts/api-keys.ts';

export interface StoredApiKey extends ApiKey {
  /** Who made it, and for whom it acts. */
  readonly ownerId: string;
  /** SHA-256 of the key's text, in hex. */
  readonly hash: string;
}

export interface ApiKeyStore {
  /**
   * Adds a key. One atomic step, durable when it resolves. False, with nothing added: its owner has
   * `API_KEYS_PER_OWNER_MAX` already. Errors: `store-unavailable`.
   */
  add(key: StoredApiKey): Promise<boolean>;
  /** Errors: `store-unavailable`. */
  findByHash(hash: string): Promise<StoredApiKey | null>;
  /** All keys of the owner, newest first. Errors: `store-unavailable`. */
  list(ownerId: string): Promise<readonly StoredApiKey[]>;
  /**
   * Removes a key of the owner. From when it resolves no read finds the key. False: the owner has
   * none with this id. Errors: `store-unavailable`.
   */
  remove(ownerId: string, id: string): Promise<boolean>;
  /** Removes all keys of the owner, in one atomic step. Errors: `store-unavailable`. */
  removeAll(ownerId: string): Promise<void>;
  /**
   * Raises `lastUsedAt` to `at`, in milliseconds since the Unix epoch; an earlier time and an
   * unknown key change nothing. Errors: `store-unavailable`.
   */
  markUsed(id: string, at: number): Promise<void>;
}

/** Also those that have ended: who reaches the bound removes one. */
export const API_KEYS_PER_OWNER_MAX = 20;
