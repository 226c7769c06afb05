// The accounts port: users and the families of their refresh tokens. Secrets are stored as hashes
// only, and hashing happens above.

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
  /** All tokens rotated from one log-in share a family. */
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
  /** False when the e-mail (compared without case) is taken. Atomic and durable. */
  addUser(user: User): Promise<boolean>;
  findUser(userId: string): Promise<User | null>;
  findUserByEmail(email: string): Promise<User | null>;
  /** Users' names by their ids; unknown ids are left out. At most 100 ids. */
  namesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Adds a role; idempotent. */
  addRole(userId: string, role: string): Promise<void>;

  addRefreshToken(token: RefreshToken): Promise<void>;
  /**
   * Uses up the token with `hash` and adds `next` to its family (`familyId` and `userId` of `next`
   * are taken from the old one). Atomic.
   */
  rotateRefreshToken(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult>;
  /** Revokes the family of the token with this hash; idempotent, unknown hashes too. */
  revokeRefreshToken(hash: string): Promise<void>;
  /** Forgets tokens that ended before `now`. */
  removeExpiredRefreshTokens(now: number): Promise<void>;
}
