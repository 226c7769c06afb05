// Users and refresh tokens in memory, for tests.

import {
  type AccountStore,
  type CreatorProfile,
  type RefreshToken,
  REPEAT_GRACE_MS,
  type RotationResult,
  type TokenFamily,
  type User,
  type UserAsRead,
  type UserChange,
  userOfProfile,
} from '../ports/accounts.ts';
import { publicUser } from '../ports/change-stream.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';

interface StoredToken extends RefreshToken {
  /** Null: not used. */
  usedAt: number | null;
}

export class MemoryAccountStore implements AccountStore {
  readonly #changes: MemoryChangeStream;
  readonly #users = new Map<string, User>();
  readonly #removed = new Map<string, { readonly createdAt: number }>();
  readonly #idsByEmail = new Map<string, string>();
  readonly #tokens = new Map<string, StoredToken>();

  constructor(options: { readonly changes: MemoryChangeStream }) {
    this.#changes = options.changes;
  }

  async addUser(user: User, first?: RefreshToken): Promise<boolean> {
    const email = user.email.toLowerCase();
    if (this.#idsByEmail.has(email)) return false;
    this.#idsByEmail.set(email, user.id);
    this.#put(user);
    if (first !== undefined) this.#tokens.set(first.hash, { ...first, usedAt: null });
    return true;
  }

  async addProfile(profile: CreatorProfile): Promise<void> {
    const { id } = profile;
    if (!this.#users.has(id) && !this.#removed.has(id)) this.#put(userOfProfile(profile));
  }

  async findUser(userId: string): Promise<User | null> {
    return this.#users.get(userId) ?? null;
  }

  async findUsers(userIds: readonly string[]): Promise<Map<string, User>> {
    const users = userIds.flatMap((id) => this.#users.get(id) ?? []);
    return new Map(users.map((user) => [user.id, user]));
  }

  async findUserByEmail(email: string): Promise<User | null> {
    const id = this.#idsByEmail.get(email.toLowerCase());
    return id === undefined ? null : this.findUser(id);
  }

  async namesOf(userIds: readonly string[]): Promise<Map<string, string>> {
    const users = userIds.flatMap((id) => this.#users.get(id) ?? []);
    return new Map(users.map(({ id, name }) => [id, name]));
  }

  async changeUser(read: UserAsRead, change: UserChange): Promise<boolean> {
    const user = this.#present(read);
    if (user === null) return false;
    const credentials = (user.credentials ?? 0) + (change.passwordHash === undefined ? 0 : 1);
    this.#users.set(user.id, { ...user, ...change, ...(credentials > 0 && { credentials }) });
    return true;
  }

  async changeEmail(read: UserAsRead, email: string): Promise<'changed' | 'taken' | 'overtaken'> {
    const owner = this.#idsByEmail.get(email.toLowerCase()) ?? read.id;
    if (owner !== read.id) return 'taken';
    const user = this.#present(read);
    if (user === null) return 'overtaken';
    this.#idsByEmail.delete(user.email.toLowerCase());
    this.#idsByEmail.set(email.toLowerCase(), user.id);
    this.#users.set(user.id, { ...user, email, emailConfirmed: true });
    return 'changed';
  }

  #present({ id, email, passwordHash }: UserAsRead): User | null {
    const user = this.#users.get(id);
    return user?.email === email && user.passwordHash === passwordHash ? user : null;
  }

  async removeUser(userId: string): Promise<void> {
    const user = this.#users.get(userId);
    if (user === undefined) return;
    this.#users.delete(userId);
    this.#idsByEmail.delete(user.email.toLowerCase());
    this.#removed.set(userId, { createdAt: user.createdAt });
    this.#changes.append({ kind: 'user', userId, user: null });
  }

  async findRemovedUser(userId: string): Promise<{ readonly createdAt: number } | null> {
    return this.#removed.get(userId) ?? null;
  }

  async addRole(userId: string, role: string): Promise<void> {
    const user = this.#users.get(userId);
    if (user === undefined || user.roles.includes(role)) return;
    this.#put({ ...user, roles: [...user.roles, role] });
  }

  async setAvatar(userId: string, avatarMediaId: string | null): Promise<void> {
    const { avatarMediaId: before = null, ...user } = this.#users.get(userId) ?? {};
    if (!('id' in user) || before === avatarMediaId) return;
    this.#put({ ...user, ...(avatarMediaId !== null && { avatarMediaId }) });
  }

  async addRefreshToken(token: RefreshToken): Promise<void> {
    this.#tokens.set(token.hash, { ...token, usedAt: null });
  }

  async rotateRefreshToken(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult> {
    const token = this.#tokens.get(hash);
    if (token === undefined || token.expiresAt <= now) return { result: 'unknown' };
    const { familyId, userId, usedAt } = token;
    if (usedAt !== null) {
      const isLate = Math.abs(now - usedAt) > REPEAT_GRACE_MS;
      const isSame = this.#tokens.get(next.hash)?.familyId === familyId;
      if (isSame && !isLate) return { result: 'repeated', familyId, userId };
      await this.revokeFamily(familyId);
      return { result: 'reused' };
    }
    token.usedAt = now;
    this.#tokens.set(next.hash, { ...next, familyId, userId, usedAt: null });
    return { result: 'rotated', familyId, userId };
  }

  async findTokenFamily(hash: string): Promise<TokenFamily | null> {
    const token = this.#tokens.get(hash);
    return token === undefined ? null : { familyId: token.familyId, userId: token.userId };
  }

  async revokeFamily(familyId: string): Promise<void> {
    for (const [hash, token] of this.#tokens) {
      if (token.familyId === familyId) this.#tokens.delete(hash);
    }
  }

  async removeExpiredRefreshTokens(now: number): Promise<void> {
    for (const [hash, token] of this.#tokens) {
      if (token.expiresAt < now) this.#tokens.delete(hash);
    }
  }

  #put(user: User): void {
    this.#users.set(user.id, user);
    this.#changes.append({ kind: 'user', userId: user.id, user: publicUser(user) });
  }
}
