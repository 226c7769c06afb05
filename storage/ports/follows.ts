// The follows port: who follows whom, with exact denormalised counts (F1 to F4).

import type { Follow } from '../../contracts/follows.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Reconciled, ReconcileOptions } from './reconciled.ts';
import type { Answered } from './requests.ts';

export interface FollowCounts {
  readonly followers: number;
  readonly following: number;
}

export interface FollowStore {
  /**
   * True if this call added the follow. Idempotent: the first `since` stays. Durable; the counts
   * change in the same step.
   */
  follow(userId: string, creatorId: string, since: number): Promise<boolean>;
  /** Follows, unless the request was answered before (H11). */
  followOnce(
    request: KeyedRequest,
    userId: string,
    creatorId: string,
    since: number,
  ): Promise<Answered<null>>;
  unfollow(userId: string, creatorId: string): Promise<boolean>;
  isFollowing(userId: string, creatorId: string): Promise<boolean>;
  /** The followers, newest first, ties by user id descending. Every page costs the same. */
  listFollowers(creatorId: string, page: PageRequest): Promise<Page<Follow>>;
  /** The creators that the user follows (`Follow.userId` is the creator), newest first. */
  listFollowing(userId: string, page: PageRequest): Promise<Page<Follow>>;
  counts(userId: string): Promise<FollowCounts>;
  /** The counts of each of the users, in one read. At most 100 ids. */
  countsOf(userIds: readonly string[]): Promise<ReadonlyMap<string, FollowCounts>>;
  /**
   * Rises with each change of whom the user follows. Where the last change is minutes ago, it may
   * be 0 again until the next one, which is above all earlier ones.
   */
  revision(userId: string): Promise<number>;
  /**
   * Compares counts and followers' lists with whom users follow, which is the truth, and mends them
   * (L3). One call at a time. Errors: `store-unavailable`.
   */
  reconcile(options: ReconcileOptions): Promise<Reconciled>;
}
