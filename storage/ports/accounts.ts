// The accounts port: users and the families of their refresh tokens. It stores hashes of secrets
// only; callers do the hashing.

import { CREATOR_ROLE } from '../../contracts/role-names.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly roles: readonly string[];
  readonly createdAt: number;
  /** How often the password was changed; absent for never. */
  readonly credentials?: number;
  /** The user has shown to receive mail at the address; absent for no. */
  readonly emailConfirmed?: true;
  /** Of mails; absent for English. */
  readonly language?: 'de';
  /** The profile's picture; absent for none. */
  readonly avatarMediaId?: string;
}

export type CreatorProfile = Pick<User, 'id' | 'name' | 'createdAt'>;

/** The profile as a user. No address and no password hash is empty. */
export function userOfProfile(profile: CreatorProfile): User {
  return { ...profile, email: '', passwordHash: '', roles: [CREATOR_ROLE] };
}

export interface UserChange {
  /** Raises `credentials` by one. */
  readonly passwordHash?: string;
  readonly emailConfirmed?: true;
}

/** What must be as it was read for a change to be made. */
export type UserAsRead = Pick<User, 'id' | 'email' | 'passwordHash'>;

export interface RefreshToken {
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
  /** Tokens that descend from one log-in by rotation share a family. */
  readonly familyId: string;
  readonly userId: string;
  readonly expiresAt: number;
}

/** For this long after its change a refresh token may come again (A1a). */
export const REPEAT_GRACE_MS = 30_000;

export type RotationResult =
  | { readonly result: 'rotated'; readonly familyId: string; readonly userId: string }
  /** The token was changed for the same `next` lately. Nothing has changed. */
  | { readonly result: 'repeated'; readonly familyId: string; readonly userId: string }
  /** The token was used before: the whole family is revoked in the same step. */
  | { readonly result: 'reused' }
  | { readonly result: 'unknown' };

/** Whose a refresh token is. */
export interface TokenFamily {
  readonly familyId: string;
  /** Null where the family is revoked, and the store knows no more. */
  readonly userId: string | null;
}

export interface AccountStore {
  /**
   * Adds the user and the first refresh token of the user, if one is given. False, with nothing
   * added, if the e-mail (compared without case) is taken. Durable, and all or nothing: after a
   * crash in between there is no user. Then the e-mail may be unavailable for a while, but is not
   * taken: until it is free, or another's registration of it has ended, `store-unavailable`.
   */
  addUser(user: User, first?: RefreshToken): Promise<boolean>;
  /**
   * Adds the profile of a creator that is no person: it is found by its id and has a name, but no
   * address and no password, so nobody logs in as it. What is there already stays. Durable.
   */
  addProfile(profile: CreatorProfile): Promise<void>;
  findUser(userId: string): Promise<User | null>;
  /** Users by their ids, in one read; without unknown ids. At most 100 ids. */
  findUsers(userIds: readonly string[]): Promise<ReadonlyMap<string, User>>;
  findUserByEmail(email: string): Promise<User | null>;
  /** The names of users by their ids; without unknown ids. At most 100 ids. */
  namesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Changes what is given, in one step. False if the user is not as it was read, or is gone. */
  changeUser(user: UserAsRead, change: UserChange): Promise<boolean>;
  /**
   * Changes the address, which is then confirmed; the one before is free again, on Redis after some
   * seconds where this call dies. `overtaken`: the user is not as it was read, or is gone. Durable.
   */
  changeEmail(user: UserAsRead, email: string): Promise<'changed' | 'taken' | 'overtaken'>;
  /**
   * Removes all of a user but the id and when the account was made, and frees the address. The
   * change is recorded. Durable and idempotent; ignores unknown ids.
   */
  removeUser(userId: string): Promise<void>;
  /** When the account was made that was removed; null where there is none. */
  findRemovedUser(userId: string): Promise<{ readonly createdAt: number } | null>;
  /**
   * Sets the profile's picture, or takes it away. The change is recorded. Ignores unknown ids.
   * Durable. Errors: `store-unavailable`.
   */
  setAvatar(userId: string, avatarMediaId: string | null): Promise<void>;
  /** Adds a role; idempotent. */
  addRole(userId: string, role: string): Promise<void>;

  addRefreshToken(token: RefreshToken): Promise<void>;
  /**
   * Marks the token with `hash` as used and adds `next` to its family; `next` gets the `familyId`
   * and `userId` of the used token. Atomic. If the token was used before, at most
   * `REPEAT_GRACE_MS` from `now`, for the same `next`, nothing changes: `repeated`. A distance in
   * either direction counts, so that a clock that is set back does not make the grace longer.
   */
  rotateRefreshToken(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult>;
  /** Null for a token that is unknown, or removed with its family. */
  findTokenFamily(hash: string): Promise<TokenFamily | null>;
  /** Revokes all tokens of a family. Idempotent; ignores unknown families. */
  revokeFamily(familyId: string): Promise<void>;
  /** Removes tokens that expired before `now`. */
  removeExpiredRefreshTokens(now: number): Promise<void>;
}
