// The part of the writer of catalogue.db that keeps API keys: their table and what changes it. A
// row is the key as JSON, with the columns that its indexes need beside it.

import type { Database } from 'better-sqlite3';

export const API_KEYS_SCHEMA = `
  create table api_keys (
    id text primary key,
    owner_id text not null,
    hash text not null unique,
    key text not null,
    last_used_at integer
  ) strict;
  create index api_keys_by_owner on api_keys (owner_id);
`;

export interface ApiKeyRow {
  readonly id: string;
  readonly ownerId: string;
  readonly hash: string;
  /** JSON. */
  readonly key: string;
}

export function apiKeyHandlers(database: Database) {
  const countOf = database
    .prepare<[string], number>('select count(*) from api_keys where owner_id = ?')
    .pluck();
  const add = database.prepare<[ApiKeyRow]>(`
    insert into api_keys (id, owner_id, hash, key) values (@id, @ownerId, @hash, @key)`);
  const remove = database.prepare<[string, string]>(
    'delete from api_keys where owner_id = ? and id = ?',
  );
  const removeAll = database.prepare<[string]>('delete from api_keys where owner_id = ?');
  const markUsed = database.prepare<[{ id: string; at: number }]>(`
    update api_keys set last_used_at = @at where id = @id and coalesce(last_used_at, 0) < @at`);

  return {
    /** False: the owner has `max` already. */
    addApiKey(row: ApiKeyRow, max: number): boolean {
      if (countOf.get(row.ownerId)! >= max) return false;
      add.run(row);
      return true;
    },
    removeApiKey(ownerId: string, id: string): boolean {
      return remove.run(ownerId, id).changes > 0;
    },
    removeApiKeys(ownerId: string): void {
      removeAll.run(ownerId);
    },
    markApiKeyUsed(id: string, at: number): void {
      markUsed.run({ id, at });
    },
  };
}
