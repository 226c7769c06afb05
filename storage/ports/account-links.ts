// The port of links that are mailed to users: each is good once, for a short time, for one purpose
// and one address. Stores have the hash of its token only.

export const LINK_PURPOSES = ['confirm', 'reset', 'change', 'invite', 'notice'] as const;
/**
 * `confirm`: the address is the user's. `reset`: a new password. `change`: the address becomes the
 * user's. `invite`: who gets it is invited into an organisation. `notice`: nothing; where a mail
 * goes that has no link.
 */
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

export interface AccountLink {
  readonly id: string;
  readonly userId: string;
  readonly purpose: LinkPurpose;
  /** SHA-256 of the token, in hex; empty where there is none. */
  readonly hash: string;
  /** Where it is mailed. */
  readonly email: string;
  /** `User.credentials` when it was made: it ends with the next change of the password. */
  readonly credentials: number;
  readonly expiresAt: number;
}

/** Of one user: one more removes one. */
export const LINKS_PER_USER_MAX = 20;

/** Errors of all methods: `store-unavailable`. */
export interface AccountLinkStore {
  /**
   * Durable. Replaces a link of the same id. Removes the user's expired links; past
   * `LINKS_PER_USER_MAX` it removes the oldest, or those that end first.
   */
  add(link: AccountLink, now: number): Promise<void>;
  find(userId: string, linkId: string): Promise<AccountLink | null>;
  /** Idempotent. */
  remove(userId: string, linkId: string): Promise<void>;
  /** All of a user's. Idempotent. */
  removeAll(userId: string): Promise<void>;
}
