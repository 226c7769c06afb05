// The part of the writer of catalogue.db that keeps sessions and the list of ended ones.

import type { Database } from 'better-sqlite3';
import type { SessionChange, SessionRow } from '../../ports/sessions.ts';

export const SESSIONS_SCHEMA = `
  create table sessions (
    id text primary key,
    user_id text not null,
    device text not null,
    created_at integer not null,
    used_at integer not null,
    expires_at integer not null,
    credentials integer not null
  ) strict;
  create index sessions_by_user on sessions (user_id, used_at, id);
  create table ended_sessions (
    position integer primary key autoincrement,
    id text not null unique,
    ended_at integer not null
  ) strict;
  create table ended_sessions_lost (
    only integer primary key check (only = 1),
    until integer not null
  ) strict;
`;

export function sessionHandlers(database: Database) {
  const put = database.prepare<[SessionRow]>(`
    insert into sessions (id, user_id, device, created_at, used_at, expires_at, credentials)
    values (@id, @userId, @device, @createdAt, @usedAt, @expiresAt, @credentials)
    on conflict (id) do update set device = excluded.device, used_at = excluded.used_at,
      expires_at = excluded.expires_at, credentials = excluded.credentials`);
  const changeFields = database.prepare(`
    update sessions set used_at = coalesce(?, used_at), expires_at = coalesce(?, expires_at),
      credentials = coalesce(?, credentials) where id = ? and user_id = ?`);
  const removeExpired = database.prepare(
    'delete from sessions where user_id = ? and expires_at <= ?',
  );
  const remove = database.prepare('delete from sessions where id = ? and user_id = ?');
  const revokeFamily = database.prepare('delete from refresh_tokens where family_id = ?');
  const addEnded = database.prepare(
    'insert or replace into ended_sessions (id, ended_at) values (?, ?)',
  );
  // From the front: a time that is set back may retain some for longer.
  const forget = database.prepare(`
    delete from ended_sessions where position < coalesce(
      (select position from ended_sessions where ended_at >= ? order by position limit 1),
      (select max(position) + 1 from ended_sessions))`);
  const evict = database
    .prepare<[number], number>(`
      delete from ended_sessions where position in (
        select position from ended_sessions order by position desc limit -1 offset ?)
      returning ended_at`)
    .pluck();
  const lose = database.prepare(`
    insert into ended_sessions_lost (only, until) values (1, ?)
    on conflict do update set until = max(until, excluded.until)`);

  return {
    putSession(session: SessionRow, now: number): void {
      removeExpired.run(session.userId, now);
      put.run(session);
    },

    changeSession(userId: string, id: string, change: SessionChange): boolean {
      const { usedAt = null, expiresAt = null, credentials = null } = change;
      return changeFields.run(usedAt, expiresAt, credentials, id, userId).changes > 0;
    },

    endSessions(
      userId: string,
      sessionIds: readonly string[],
      now: number,
      forgottenBefore: number,
      endedMax: number,
    ): void {
      forget.run(forgottenBefore);
      for (const id of sessionIds) {
        addEnded.run(id, now);
        revokeFamily.run(id);
        remove.run(id, userId);
      }
      for (const endedAt of evict.all(endedMax)) lose.run(endedAt);
    },
  };
}
