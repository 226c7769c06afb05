// The statements of the catalogue's thread for accounts: users and refresh tokens.

import type { Database } from 'better-sqlite3';
import {
  type CreatorProfile,
  type RefreshToken,
  REPEAT_GRACE_MS,
  type RotationResult,
  type User,
  type UserAsRead,
  type UserChange,
  userOfProfile,
} from '../../ports/accounts.ts';
import type { PublicUser } from '../../../contracts/changes.ts';
import { publicUser } from '../../ports/change-stream.ts';
import type { AppendChange } from './changes-statements.ts';

export interface PublicUserRow {
  id: string;
  name: string;
  roles: string;
  created_at: number;
  avatar_media_id: string | null;
}

interface TokenRow {
  family_id: string;
  user_id: string;
  expires_at: number;
  /** 0: not used. Else when it was used, in milliseconds; of older versions 1. */
  used: number;
}

/** Before, accounts did not change. */
export const CHANGED_ACCOUNTS_SCHEMA = `
  alter table users add column credentials integer not null default 0;
`;

export const CONFIRMED_ACCOUNTS_SCHEMA = `
  alter table users add column email_confirmed integer not null default 0;
  alter table users add column language text not null default '';
`;

export const REMOVED_ACCOUNTS_SCHEMA = `
  alter table users add column removed integer not null default 0;
`;

export const PICTURED_ACCOUNTS_SCHEMA = `
  alter table users add column avatar_media_id text;
`;

export function publicUserOf({ id, name, roles, ...row }: PublicUserRow): PublicUser {
  const { created_at: createdAt, avatar_media_id: avatarMediaId } = row;
  const picture = avatarMediaId === null ? {} : { avatarMediaId };
  return { id, name, roles: JSON.parse(roles) as string[], createdAt, ...picture };
}

export function accountHandlers(database: Database, appendChange: AppendChange) {
  const addUser = database.prepare(`
    insert into users (id, email_key, email, name, password_hash, roles, created_at, language)
    values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (email_key) do nothing`);
  // What is no account has no address; no address has a space.
  const addProfile = database.prepare(`
    insert into users (id, email_key, email, name, password_hash, roles, created_at)
    values (@id, 'profile ' || @id, @email, @name, @passwordHash, @rolesText, @createdAt)
    on conflict do nothing`);
  const findUser = database.prepare<[string], PublicUserRow>(
    `select id, name, roles, created_at, avatar_media_id from users
    where id = ? and removed = 0`,
  );
  const setAvatar = database.prepare('update users set avatar_media_id = ? where id = ?');
  const setRoles = database.prepare('update users set roles = ? where id = ?');
  const changeUser = database.prepare(`
    update users set password_hash = coalesce(@next, password_hash),
      credentials = credentials + (@next is not null),
      email_confirmed = max(email_confirmed, @confirmed)
    where id = @id and email = @email and password_hash = @passwordHash`);
  const findByEmail = database
    .prepare<[string], string>('select id from users where email_key = ?')
    .pluck();
  const changeEmail = database.prepare(`
    update users set email = @email, email_key = @key, email_confirmed = 1
    where id = @id and email = @before and password_hash = @passwordHash`);
  // What must not be null is empty; no address has a space.
  const removeUser = database.prepare(`
    update users set email_key = 'removed ' || id, email = '', name = '', password_hash = '',
      roles = '[]', credentials = 0, email_confirmed = 0, language = '', avatar_media_id = null,
      removed = 1
    where id = ? and removed = 0`);
  const addToken = database.prepare(`
    insert into refresh_tokens (hash, family_id, user_id, expires_at, used)
    values (?, ?, ?, ?, 0)`);
  const findToken = database.prepare<[string], TokenRow>(
    'select family_id, user_id, expires_at, used from refresh_tokens where hash = ?',
  );
  const useToken = database.prepare('update refresh_tokens set used = ? where hash = ?');
  const revokeFamily = database.prepare('delete from refresh_tokens where family_id = ?');
  const removeTokens = database.prepare('delete from refresh_tokens where expires_at < ?');

  return {
    addUser(user: User, first: RefreshToken | null): boolean {
      const { id, email, name, passwordHash, roles, createdAt, language = '' } = user;
      const emailKey = email.toLowerCase();
      const rolesText = JSON.stringify(roles);
      const fields = [id, emailKey, email, name, passwordHash, rolesText, createdAt, language];
      const added = addUser.run(...fields).changes > 0;
      if (!added) return false;
      appendChange({ kind: 'user', userId: id, user: publicUser(user) });
      if (first !== null) addToken.run(first.hash, first.familyId, id, first.expiresAt);
      return true;
    },

    addProfile(profile: CreatorProfile): void {
      const user = userOfProfile(profile);
      const rolesText = JSON.stringify(user.roles);
      if (addProfile.run({ ...user, rolesText }).changes === 0) return;
      appendChange({ kind: 'user', userId: user.id, user: publicUser(user) });
    },

    changeUser({ id, email, passwordHash }: UserAsRead, change: UserChange): boolean {
      const { passwordHash: next = null, emailConfirmed } = change;
      const confirmed = emailConfirmed === true ? 1 : 0;
      return changeUser.run({ id, email, passwordHash, next, confirmed }).changes > 0;
    },

    changeEmail(
      { id, email: before, passwordHash }: UserAsRead,
      email: string,
    ): 'changed' | 'taken' | 'overtaken' {
      const key = email.toLowerCase();
      const owner = findByEmail.get(key);
      if (owner !== undefined && owner !== id) return 'taken';
      const changed = changeEmail.run({ id, before, passwordHash, email, key }).changes > 0;
      return changed ? 'changed' : 'overtaken';
    },

    removeUser(userId: string): void {
      if (removeUser.run(userId).changes > 0) appendChange({ kind: 'user', userId, user: null });
    },

    addRole(userId: string, role: string): void {
      const row = findUser.get(userId);
      if (row === undefined) return;
      const roles = JSON.parse(row.roles) as string[];
      if (roles.includes(role)) return;
      roles.push(role);
      setRoles.run(JSON.stringify(roles), userId);
      appendChange({ kind: 'user', userId, user: { ...publicUserOf(row), roles } });
    },

    /** Whether there is a new record. */
    setAvatar(userId: string, mediaId: string | null): boolean {
      const row = findUser.get(userId);
      if (row === undefined || row.avatar_media_id === mediaId) return false;
      setAvatar.run(mediaId, userId);
      const user = publicUserOf({ ...row, avatar_media_id: mediaId });
      appendChange({ kind: 'user', userId, user });
      return true;
    },

    addRefreshToken(token: RefreshToken): void {
      addToken.run(token.hash, token.familyId, token.userId, token.expiresAt);
    },

    rotateRefreshToken(
      hash: string,
      next: { hash: string; expiresAt: number },
      now: number,
    ): RotationResult {
      const token = findToken.get(hash);
      if (token === undefined || token.expires_at <= now) return { result: 'unknown' };
      const whose = { familyId: token.family_id, userId: token.user_id };
      if (token.used !== 0) {
        const isLate = Math.abs(now - token.used) > REPEAT_GRACE_MS;
        const isSame = findToken.get(next.hash)?.family_id === token.family_id;
        if (isSame && !isLate) return { result: 'repeated', ...whose };
        revokeFamily.run(token.family_id);
        return { result: 'reused' };
      }
      useToken.run(Math.max(now, 1), hash);
      addToken.run(next.hash, token.family_id, token.user_id, next.expiresAt);
      return { result: 'rotated', ...whose };
    },

    revokeFamily(familyId: string): void {
      revokeFamily.run(familyId);
    },

    removeExpiredRefreshTokens(now: number): void {
      removeTokens.run(now);
    },
  };
}
