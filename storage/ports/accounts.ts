// The accounts port: users and the families of their refresh tokens. It stores hashes of secrets
// only; callers do the hashing.

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly roles: readonly string[];
  readonly createdAt: number;
}

export interface RefreshToken {
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
  /** Tokens that descend from one log-in by rotation share a family. */
  readonly familyId: string;
  readonly userId: string;
  readonly expiresAt: number;
}

export type RotationResult =
  | { readonly result: 'rotated'; readonly userId: string }
  /** The token was used before: the whole family is revoked in the same step. */
  | { readonly result: 'reused' }
  | { readonly result: 'unknown' };

export interface AccountStore {
  /** False if the e-mail (compared without case) is taken. Atomic and durable. */
  addUser(user: User): Promise<boolean>;
  findUser(userId: string): Promise<User | null>;
  findUserByEmail(email: string): Promise<User | null>;
  /** The names of users by their ids; without unknown ids. At most 100 ids. */
  namesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Adds a role; idempotent. */
  addRole(userId: string, role: string): Promise<void>;

  addRefreshToken(token: RefreshToken): Promise<void>;
  /**
   * Marks the token with `hash` as used and adds `next` to its family; `next` gets the `familyId`
   * and `userId` of the used token. Atomic.
   */
  rotateRefreshToken(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult>;
  /** Revokes the family of the token with this hash. Idempotent; ignores unknown hashes. */
  revokeRefreshToken(hash: string): Promise<void>;
  /** Removes tokens that expired before `now`. */
  removeExpiredRefreshTokens(now: number): Promise<void>;
}
