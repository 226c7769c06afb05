// The part of the writer of catalogue.db that keeps mailed links.

import type { Database } from 'better-sqlite3';
import { type AccountLink, LINKS_PER_USER_MAX } from '../../ports/account-links.ts';

export const ACCOUNT_LINKS_SCHEMA = `
  create table account_links (
    position integer primary key autoincrement,
    id text not null unique,
    user_id text not null,
    purpose text not null,
    hash text not null,
    email text not null,
    credentials integer not null,
    expires_at integer not null
  ) strict;
  create index account_links_by_user on account_links (user_id, position);
`;

export function accountLinkHandlers(database: Database) {
  const add = database.prepare<[AccountLink]>(`
    insert or replace into account_links
      (id, user_id, purpose, hash, email, credentials, expires_at)
    values (@id, @userId, @purpose, @hash, @email, @credentials, @expiresAt)`);
  const removeExpired = database.prepare(
    'delete from account_links where user_id = ? and expires_at <= ?',
  );
  const removeOldest = database.prepare(`
    delete from account_links where position in (
      select position from account_links where user_id = ?
      order by position desc limit -1 offset ?)`);
  const remove = database.prepare('delete from account_links where user_id = ? and id = ?');
  const removeAll = database.prepare('delete from account_links where user_id = ?');

  return {
    addLink(link: AccountLink, now: number): void {
      removeExpired.run(link.userId, now);
      add.run(link);
      removeOldest.run(link.userId, LINKS_PER_USER_MAX);
    },
    removeLink(userId: string, linkId: string): void {
      remove.run(userId, linkId);
    },
    removeLinks(userId: string): void {
      removeAll.run(userId);
    },
  };
}
