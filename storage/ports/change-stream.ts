// The change stream port (C1): everything that changes outside the drops' journals, one record for
// each change, written in the same atomic step as the change itself. Records carry the whole entity
// after the change, so a consumer needs no second read, and whoever missed some can start anew from
// the entities themselves. They carry no e-mail address and no hash.
//
// Entities are spread over buckets; all changes of one entity are in one bucket, in order. A
// position is a sequence for each bucket. Which bucket an entity is in is the driver's own affair.

import type { User } from './accounts.ts';
import type { Product } from '../../contracts/products.ts';

export type EntityChange =
  | {
      readonly kind: 'user';
      readonly userId: string;
      /** Null: the account is gone. */
      readonly user: PublicUser | null;
    }
  | {
      readonly kind: 'product';
      readonly productId: string;
      /** Null: the product is gone. */
      readonly product: Product | null;
    }
  | {
      readonly kind: 'follow';
      readonly userId: string;
      readonly creatorId: string;
      /** Milliseconds since the Unix epoch; null: the user does not follow the creator any more. */
      readonly since: number | null;
    };

/** What of an account others may know. */
export interface PublicUser {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly createdAt: number;
}

/** Only what is named here can get into the stream. */
export function publicUser({ id, name, roles, createdAt }: User): PublicUser {
  return { id, name, roles, createdAt };
}

export interface ChangeRecord {
  readonly bucket: number;
  /** Rises by one with each change of the bucket, from 1. */
  readonly sequence: number;
  /** When it was written, in milliseconds since the Unix epoch; may step back with the clock. */
  readonly at: number;
  readonly change: EntityChange;
}

export interface ChangeHead {
  /** Of the newest record; 0 where there never was one. */
  readonly last: number;
  /** Records up to here are gone: a position below it has to begin with a full pass. */
  readonly trimmed: number;
}

/**
 * Records after this position are gone, or it is above the newest one, as after a store was
 * restored from an older copy: scan the entities, then read from the head.
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

  /** Errors: `store-unavailable`. */
  head(bucket: number): Promise<ChangeHead>;

  /**
   * At most `limit` records above `after`, in rising sequence without gaps. Errors:
   * `position-trimmed` where `after` is below what was trimmed or above the newest record,
   * `store-unavailable`.
   */
  read(bucket: number, after: number, limit: number): Promise<ChangeRecord[]>;

  /**
   * A page of all entities of the bucket as they are now, in the shape of changes: the full pass of
   * a new consumer. At most `limit` or a few more; a page may be empty and not the last. Who takes
   * the head before the first page, and reads from it after the last one, misses nothing; what
   * changed in between comes twice. Errors: `invalid-cursor`, `store-unavailable`.
   */
  scan(bucket: number, cursor: string | null, limit: number): Promise<ScanPage>;

  /**
   * Removes records up to and including `through`, in portions that hold up no change for long.
   * Idempotent; sequences go on. Errors: `store-unavailable`.
   */
  trim(bucket: number, through: number): Promise<void>;

  /**
   * Calls when this process wrote records, or may have; others' are found by reading. Ends by the
   * returned function.
   */
  onAppend(listener: () => void): () => void;
}

/**
 * Records that all buckets together keep at most, each its equal share, read or not: past it the
 * oldest are evicted, and a consumer that had not read them gets `position-trimmed`. A driver that
 * evicts in blocks may keep a little more.
 */
export const CHANGES_RETAINED_MAX = 1_000_000;
