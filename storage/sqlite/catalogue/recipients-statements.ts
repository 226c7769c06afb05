// The part of the writer of catalogue.db that keeps where users are reached.

import type { Database } from 'better-sqlite3';

export const RECIPIENTS_SCHEMA = `
  create table recipients (
    user_id text primary key,
    revision integer not null,
    recipient text not null
  ) strict;
  create table push_endpoints (
    hash text primary key,
    user_id text not null
  ) strict, without rowid;
`;

export interface RecipientRow {
  readonly userId: string;
  readonly revision: number;
  /** JSON. */
  readonly recipient: string;
}

export function recipientHandlers(database: Database) {
  const revisionOf = database
    .prepare<[string], number>('select revision from recipients where user_id = ?')
    .pluck();
  const put = database.prepare<[RecipientRow]>(`
    insert or replace into recipients (user_id, revision, recipient)
    values (@userId, @revision, @recipient)`);
  const remove = database.prepare<[string]>('delete from recipients where user_id = ?');
  const ownerOf = database
    .prepare<[string], string>('select user_id from push_endpoints where hash = ?')
    .pluck();
  const own = database.prepare<[string, string]>(
    'insert or replace into push_endpoints (hash, user_id) values (?, ?)',
  );
  const disown = database.prepare<[string]>('delete from push_endpoints where hash = ?');

  return {
    /** False: the stored revision is not the one before. */
    replaceRecipient(row: RecipientRow): boolean {
      if ((revisionOf.get(row.userId) ?? 0) !== row.revision - 1) return false;
      put.run(row);
      return true;
    },
    removeRecipient(userId: string): void {
      remove.run(userId);
    },
    movePushEndpoint(hash: string, from: string | null, to: string | null): boolean {
      if ((ownerOf.get(hash) ?? null) !== from) return false;
      if (to === null) disown.run(hash);
      else own.run(hash, to);
      return true;
    },
  };
}
