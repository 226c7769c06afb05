// The change stream port (C1): one record for each change outside the drops' journals, written in
// the same atomic step as the change. A record carries the whole entity after the change, so a
// consumer needs no second read. A consumer that missed records starts again from the entities
// themselves. Records carry no e-mail address and no hash.
//
// Entities are spread over buckets. All changes of one entity are in one bucket, in order. A
// position is a sequence for each bucket. The driver decides which bucket an entity is in.

import type { User } from './accounts.ts';
import type { EntityChange, PublicUser } from '../../contracts/changes.ts';

/** Only the fields named here get into the stream. */
export function publicUser({ id, name, roles, createdAt, avatarMediaId }: User): PublicUser {
  const picture = avatarMediaId === undefined ? {} : { avatarMediaId };
  return { id, name, roles, createdAt, ...picture };
}

export interface ChangeRecord {
  readonly bucket: number;
  /** Rises by one with each change of the bucket, from 1. */
  readonly sequence: number;
  /** Time of writing, in milliseconds since the Unix epoch; it may go back with the wall clock. */
  readonly at: number;
  readonly change: EntityChange;
}

export interface ChangeHead {
  /** The sequence of the newest record; 0 if there never was a record. */
  readonly last: number;
  /** Records up to this sequence are removed: a consumer below it must make a full pass. */
  readonly trimmed: number;
}

/**
 * Records after this position are removed, or the position is above the newest record, as happens
 * after a restore of the store from an older copy. Scan the entities, then read from the head.
 */
export class PositionTrimmedError extends Error {
  readonly code = 'position-trimmed';
}

export interface ScanPage {
  readonly changes: readonly EntityChange[];
  /** Null at the end of the bucket. */
  readonly nextCursor: string | null;
}

export interface ChangeStream {
  readonly bucketCount: number;

  /**
   * Whether drops are in the stream: true for good once nothing changes a drop's row any more
   * without its record. Until then full passes may have old states of them, or none. Errors:
   * `store-unavailable`.
   */
  hasDrops(): Promise<boolean>;

  /** Errors: `store-unavailable`. */
  head(bucket: number): Promise<ChangeHead>;

  /**
   * At most `limit` records above `after`, in rising sequence without gaps. Errors:
   * `position-trimmed` if `after` is below `trimmed` or above the newest record;
   * `store-unavailable`.
   */
  read(bucket: number, after: number, limit: number): Promise<ChangeRecord[]>;

  /**
   * One page of a full pass: the entities of the bucket as they are now, as changes. At most
   * `limit` or a few more; a page may be empty without being the last. A consumer that takes the
   * head before the first page, and reads from that head after the last page, gets every change;
   * changes during the pass come twice. Errors: `invalid-cursor`, `store-unavailable`.
   */
  scan(bucket: number, cursor: string | null, limit: number): Promise<ScanPage>;

  /**
   * Removes records up to and including `through`, in small portions, so that changes do not wait
   * long. Idempotent; sequences continue. Errors: `store-unavailable`.
   */
  trim(bucket: number, through: number): Promise<void>;

  /**
   * Takes what was personal out of the records of a user: they say that there is none (`user` is
   * null). Looks at the records above `after`, so many at a time that changes do not wait long.
   * Resolves to where to go on, or null at the end. Idempotent. Errors: `store-unavailable`.
   */
  forgetUser(userId: string, after: number): Promise<number | null>;

  /**
   * Calls the listener, with the bucket, when this process wrote records, or may have written some.
   * It is not called for records of other processes. Returns a function that ends the subscription.
   */
  onAppend(listener: (bucket: number) => void): () => void;
}

/**
 * Most records in all buckets together; each bucket has an equal share. Past it the oldest records
 * are evicted, read or not, and a consumer that has not read them gets `position-trimmed`. A driver
 * that evicts in blocks may retain a little more.
 */
export const CHANGES_RETAINED_MAX = 1_000_000;
