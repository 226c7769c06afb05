// The follows port: who follows whom, with exact denormalised counts (F1 to F4).

import type { Follow } from '../../contracts/follows.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

export interface FollowStore {
  /**
   * True when this call changed something. Idempotent; the first `since` stays. Durable, counts in
   * the same step.
   */
  follow(userId: string, creatorId: string, since: number): Promise<boolean>;
  unfollow(userId: string, creatorId: string): Promise<boolean>;
  isFollowing(userId: string, creatorId: string): Promise<boolean>;
  /** Who follows the creator, newest first, ties by user id descending. Any page costs the same. */
  listFollowers(creatorId: string, page: PageRequest): Promise<Page<Follow>>;
  /** Whom the user follows (`Follow.userId` is the creator), newest first. */
  listFollowing(userId: string, page: PageRequest): Promise<Page<Follow>>;
  counts(userId: string): Promise<{ followers: number; following: number }>;
}
