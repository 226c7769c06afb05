// The recipients port: of each user who can be reached by push or mail one row, with the
// subscriptions of browsers and the preferences (R1, R2). The store knows no rules: callers read a
// row, make the next one, and replace it by compare-and-set.

import type { Preferences } from '../../contracts/preferences.ts';
import type { PushSubscription } from '../../contracts/push.ts';

export interface Recipient {
  readonly userId: string;
  /** Oldest first. */
  readonly subscriptions: readonly PushSubscription[];
  readonly preferences: Preferences;
  /** The secret of the links that end mails; null before the first mail was wanted. */
  readonly unsubscribeSecret: string | null;
  /** Rises with each change, from 1. */
  readonly revision: number;
}

/** Ids of one `findAll`. */
export const RECIPIENTS_READ_MAX = 1_000;

/**
 * What was written is on the server's disk when the call resolves. On Redis no replica has to have
 * it then, so a failover may lose the last rows.
 *
 * Errors of all methods: `store-unavailable`.
 */
export interface RecipientStore {
  find(userId: string): Promise<Recipient | null>;
  /** Those that are there, in one read. At most `RECIPIENTS_READ_MAX` ids. */
  findAll(userIds: readonly string[]): Promise<ReadonlyMap<string, Recipient>>;
  /** Whether anybody has a row. */
  any(): Promise<boolean>;
  /**
   * Stores the row where the stored revision is `recipient.revision - 1`, with 0 for none; false
   * where it is not. One atomic step.
   */
  replace(recipient: Recipient): Promise<boolean>;
  /** Idempotent. */
  remove(userId: string): Promise<void>;
  /** Whose the endpoint is; null: nobody's. */
  endpointOwner(endpoint: string): Promise<string | null>;
  /**
   * Gives the endpoint to `to`, null for nobody, where it is `from`'s; false where it is not. One
   * atomic step.
   */
  moveEndpoint(endpoint: string, from: string | null, to: string | null): Promise<boolean>;
}
