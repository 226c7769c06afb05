// The part of the writer of catalogue.db that keeps contacts of shops' own users.

import type { Database } from 'better-sqlite3';

export const CONTACTS_SCHEMA = `
  create table contacts (
    user_id text primary key,
    space text not null,
    created_at integer not null,
    contact text not null
  ) strict;
  create index contacts_by_space on contacts (space, created_at, user_id);
`;

export interface ContactRow {
  readonly userId: string;
  readonly space: string;
  readonly createdAt: number;
  /** JSON. */
  readonly contact: string;
}

export function contactHandlers(database: Database) {
  const put = database
    .prepare<[ContactRow], number>(`
      insert into contacts (user_id, space, created_at, contact)
      values (@userId, @space, @createdAt, @contact)
      on conflict do update set contact = excluded.contact
      returning created_at`)
    .pluck();
  const remove = database.prepare<[string]>('delete from contacts where user_id = ?');

  return {
    /** When the user's first contact was stored. */
    putContact(row: ContactRow): number {
      return put.get(row)!;
    },
    removeContact(userId: string): boolean {
      return remove.run(userId).changes > 0;
    },
  };
}
