// The port of operators' accounts (X3a): which users are operators or auditors, and their second
// factor. It holds secrets, so nothing of it is exported, streamed or listed to users; a backup has
// it.

/** `auditor`: sees what operators see, and changes nothing. */
export type OperatorAccountRole = 'operator' | 'auditor';

export interface OperatorAccount {
  readonly userId: string;
  readonly role: OperatorAccountRole;
  /** Random; another one each time the user is made an operator, with another second factor. */
  readonly grantId: string;
  /** Of the time-based codes (RFC 6238), in base 32. */
  readonly secret: string;
  /** SHA-256 of the recovery codes that are not used yet, in hex. */
  readonly recoveryHashes: readonly string[];
  /** The time step of the last code that was used; 0 for none. */
  readonly usedStep: number;
  /** Milliseconds since the Unix epoch. */
  readonly addedAt: number;
  /** The user id of the operator who added this one. */
  readonly addedBy: string;
  /** Rises by one with each change of the grant. */
  readonly revision: number;
}

export const OPERATOR_ACCOUNTS_MAX = 200;

/** Errors of all methods: `store-unavailable`. */
export interface OperatorAccountStore {
  /**
   * Stores the account in place of an earlier one of the user. False, and nothing changes, where
   * `OPERATOR_ACCOUNTS_MAX` other users have one. One atomic step, durable when it resolves.
   */
  put(account: OperatorAccount): Promise<boolean>;
  /**
   * Stores the account if the stored one has the same `grantId` and the revision before; else
   * false, and nothing changes. Atomic, so of two that use one code one succeeds. Durable.
   */
  replace(account: OperatorAccount): Promise<boolean>;
  find(userId: string): Promise<OperatorAccount | null>;
  /** All of them, the first added first. */
  list(): Promise<readonly OperatorAccount[]>;
  /** False where there is none. Durable. */
  remove(userId: string): Promise<boolean>;
}

/** As `list` has them. */
export function firstAddedFirst(one: OperatorAccount, other: OperatorAccount): number {
  return one.addedAt - other.addedAt || (one.userId < other.userId ? -1 : 1);
}
