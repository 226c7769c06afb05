// API keys on SQLite, in the catalogue's file.

import { decodeApiKey, encodeApiKey, newestKeyFirst } from '../../formats/api-key.ts';
import {
  API_KEYS_PER_OWNER_MAX,
  type ApiKeyStore,
  type StoredApiKey,
} from '../../ports/api-keys.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';

interface Row {
  readonly key: string;
  readonly last_used_at: number | null;
}

export class SqliteApiKeyStore implements ApiKeyStore {
  readonly #writer;
  readonly #byHash;
  readonly #byOwner;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#byHash = reader.prepare<[string], Row>(
      'select key, last_used_at from api_keys where hash = ?',
    );
    this.#byOwner = reader.prepare<[string], Row>(
      'select key, last_used_at from api_keys where owner_id = ?',
    );
  }

  add(key: StoredApiKey): Promise<boolean> {
    const { id, ownerId, hash } = key;
    const row = { id, ownerId, hash, key: encodeApiKey(key) };
    return this.#writer.submit('addApiKey', row, API_KEYS_PER_OWNER_MAX);
  }

  async findByHash(hash: string): Promise<StoredApiKey | null> {
    const row = readQuery(() => this.#byHash.get(hash));
    return row === undefined ? null : keyOf(row);
  }

  async list(ownerId: string): Promise<readonly StoredApiKey[]> {
    const rows = readQuery(() => this.#byOwner.all(ownerId));
    return rows.map(keyOf).toSorted(newestKeyFirst);
  }

  remove(ownerId: string, id: string): Promise<boolean> {
    return this.#writer.submit('removeApiKey', ownerId, id);
  }

  async removeAll(ownerId: string): Promise<void> {
    await this.#writer.submit('removeApiKeys', ownerId);
  }

  async markUsed(id: string, at: number): Promise<void> {
    await this.#writer.submit('markApiKeyUsed', id, at);
  }
}

function keyOf({ key, last_used_at: lastUsedAt }: Row): StoredApiKey {
  return decodeApiKey(key, lastUsedAt);
}
