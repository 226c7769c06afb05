// Accounts on SQLite.

import type {
  AccountStore,
  CreatorProfile,
  RefreshToken,
  RotationResult,
  TokenFamily,
  User,
  UserAsRead,
  UserChange,
} from '../../ports/accounts.ts';
import type { ChangingDatabase } from './catalogue-options.ts';
import { readQuery } from '../thread/read-query.ts';

interface UserRow {
  id: string;
  email: string;
  name: string;
  password_hash: string;
  roles: string;
  created_at: number;
  credentials: number;
  email_confirmed: number;
  language: string;
  avatar_media_id: string | null;
}

export class SqliteAccountStore implements AccountStore {
  readonly #writer;
  readonly #signal;
  readonly #byId;
  readonly #byIds;
  readonly #byEmail;
  readonly #namesByIds;
  readonly #familyByHash;
  readonly #removedById;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#byId = reader.prepare<[string], UserRow>(
      'select * from users where id = ? and removed = 0',
    );
    this.#byIds = reader.prepare<[string], UserRow>(
      'select * from users where id in (select value from json_each(?)) and removed = 0',
    );
    this.#byEmail = reader.prepare<[string], UserRow>('select * from users where email_key = ?');
    this.#namesByIds = reader.prepare<[string], Pick<UserRow, 'id' | 'name'>>(
      'select id, name from users where id in (select value from json_each(?)) and removed = 0',
    );
    this.#removedById = reader
      .prepare<[string], number>('select created_at from users where id = ? and removed = 1')
      .pluck();
    this.#familyByHash = reader.prepare<[string], TokenFamily>(
      'select family_id as familyId, user_id as userId from refresh_tokens where hash = ?',
    );
  }

  async addUser(user: User, first?: RefreshToken): Promise<boolean> {
    const added = await this.#writer.submit('addUser', user, first ?? null);
    if (added) this.#signal.appended();
    return added;
  }

  async addProfile(profile: CreatorProfile): Promise<void> {
    await this.#writer.submit('addProfile', profile);
    this.#signal.appended();
  }

  async findUser(userId: string): Promise<User | null> {
    return userOf(readQuery(() => this.#byId.get(userId)));
  }

  async findUsers(userIds: readonly string[]): Promise<Map<string, User>> {
    const rows = readQuery(() => this.#byIds.all(JSON.stringify(userIds)));
    return new Map(rows.map((row) => [row.id, userOf(row)!]));
  }

  async findUserByEmail(email: string): Promise<User | null> {
    return userOf(readQuery(() => this.#byEmail.get(email.toLowerCase())));
  }

  async namesOf(userIds: readonly string[]): Promise<Map<string, string>> {
    const rows = readQuery(() => this.#namesByIds.all(JSON.stringify(userIds)));
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  changeUser(user: UserAsRead, change: UserChange): Promise<boolean> {
    return this.#writer.submit('changeUser', user, change);
  }

  changeEmail(user: UserAsRead, email: string): Promise<'changed' | 'taken' | 'overtaken'> {
    return this.#writer.submit('changeEmail', user, email);
  }

  async removeUser(userId: string): Promise<void> {
    await this.#writer.submit('removeUser', userId);
    this.#signal.appended();
  }

  async findRemovedUser(userId: string): Promise<{ readonly createdAt: number } | null> {
    const createdAt = readQuery(() => this.#removedById.get(userId));
    return createdAt === undefined ? null : { createdAt };
  }

  async addRole(userId: string, role: string): Promise<void> {
    await this.#writer.submit('addRole', userId, role);
    this.#signal.appended();
  }

  async setAvatar(userId: string, avatarMediaId: string | null): Promise<void> {
    if (await this.#writer.submit('setAvatar', userId, avatarMediaId)) this.#signal.appended();
  }

  async addRefreshToken(token: RefreshToken): Promise<void> {
    await this.#writer.submit('addRefreshToken', token);
  }

  rotateRefreshToken(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult> {
    return this.#writer.submit('rotateRefreshToken', hash, next, now);
  }

  async findTokenFamily(hash: string): Promise<TokenFamily | null> {
    return readQuery(() => this.#familyByHash.get(hash)) ?? null;
  }

  async revokeFamily(familyId: string): Promise<void> {
    await this.#writer.submit('revokeFamily', familyId);
  }

  async removeExpiredRefreshTokens(now: number): Promise<void> {
    await this.#writer.submit('removeExpiredRefreshTokens', now);
  }
}

function userOf(row: UserRow | undefined): User | null {
  if (row === undefined) return null;
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    passwordHash: row.password_hash,
    roles: JSON.parse(row.roles) as string[],
    createdAt: row.created_at,
    ...(row.credentials > 0 && { credentials: row.credentials }),
    ...(row.email_confirmed === 1 && { emailConfirmed: true }),
    ...(row.language === 'de' && { language: 'de' }),
    ...(row.avatar_media_id !== null && { avatarMediaId: row.avatar_media_id }),
  };
}
