// The restrictions port: bans of users (A9), what is taken down, and how sellers stand (A11). Each
// node keeps all of them in memory, so they are bounded, and each change has a sequence by which
// nodes follow. All but bans are in the change stream, in the step that changes them.

import type {
  Restriction,
  RestrictionChange,
  RestrictionKey,
} from '../../contracts/restrictions.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

export interface RestrictionBounds {
  /** Of one kind and scope. */
  readonly ofScopeMax: number;
  /** Of one kind. */
  readonly max: number;
}

export interface RestrictionChanges {
  /** In rising sequence; of several changes of one restriction only the last is there. */
  readonly changes: readonly RestrictionChange[];
  /** Of the last change, for the next page; the position that was asked where there is none. */
  readonly position: number;
  /** The sequence of the newest change in the store, taken before the changes were read. */
  readonly newest: number;
  /**
   * The highest sequence of an evicted lift, taken after the changes were read; 0: none was
   * evicted. A reader may have missed a lift, and must read anew from 0, where `trimmed` is above
   * its position and above `newest` of the first page of its last read from 0.
   */
  readonly trimmed: number;
}

/** Errors of all methods: `store-unavailable`. */
export interface RestrictionStore {
  /**
   * Stores the restriction in place of an earlier one with the same key. One atomic step, durable
   * when it resolves. Those that ended at `now` or before are removed, some at a time. Null, and
   * nothing is stored: there are too many already.
   */
  put(
    restriction: Restriction,
    bounds: RestrictionBounds,
    now: number,
  ): Promise<RestrictionChange | null>;
  /** Lifts it, in one atomic step. Null: there is none, or it had ended and was removed. */
  lift(key: RestrictionKey): Promise<RestrictionChange | null>;
  /** Also one that has ended and was not removed yet. */
  find(key: RestrictionKey): Promise<Restriction | null>;
  /**
   * Those of a kind and a scope, newest first by `since`; also such that have ended. Errors:
   * `invalid-cursor`.
   */
  list(of: Pick<RestrictionKey, 'kind' | 'scope'>, page: PageRequest): Promise<Page<Restriction>>;
  /** What changed behind a position; 0 is the beginning. At most `limit` changes. */
  changes(after: number, limit: number): Promise<RestrictionChanges>;
}

/** Of lifted ones that `changes` lists; the oldest are evicted. */
export const LIFTED_RESTRICTIONS_MAX = 10_000;
/** Removed with each `put`, of those that have ended. */
export const ENDED_RESTRICTIONS_REMOVED = 100;
