// A store of follows that measures how long pages of followers take, for the metrics. It passes all
// other calls on.

import type { Follow } from '../contracts/follows.ts';
import type { Page, PageRequest } from '../contracts/paging.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import { DurationCounts, type DurationSample } from '../domain/duration-counts.ts';
import { DURABLE_BOUNDS_MS } from './durable-bounds.ts';
import type { FollowCounts, FollowStore } from './ports/follows.ts';
import type { Reconciled, ReconcileOptions } from './ports/reconciled.ts';
import type { Answered } from './ports/requests.ts';

export interface MeasuredFollowsOptions {
  readonly follows: FollowStore;
  /** Milliseconds of a monotonic clock. */
  readonly monotonic?: () => number;
}

export class MeasuredFollows implements FollowStore {
  readonly #follows: FollowStore;
  readonly #monotonic: () => number;
  readonly #pages = new DurationCounts(DURABLE_BOUNDS_MS);

  constructor(options: MeasuredFollowsOptions) {
    this.#follows = options.follows;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Pages of followers that were read since the start, by duration. */
  pages(): DurationSample {
    return this.#pages.sample();
  }

  async listFollowers(creatorId: string, page: PageRequest): Promise<Page<Follow>> {
    const startedAt = this.#monotonic();
    const followers = await this.#follows.listFollowers(creatorId, page);
    this.#pages.add(this.#monotonic() - startedAt);
    return followers;
  }

  follow(userId: string, creatorId: string, since: number): Promise<boolean> {
    return this.#follows.follow(userId, creatorId, since);
  }

  followOnce(
    request: KeyedRequest,
    userId: string,
    creatorId: string,
    since: number,
  ): Promise<Answered<null>> {
    return this.#follows.followOnce(request, userId, creatorId, since);
  }

  unfollow(userId: string, creatorId: string): Promise<boolean> {
    return this.#follows.unfollow(userId, creatorId);
  }

  isFollowing(userId: string, creatorId: string): Promise<boolean> {
    return this.#follows.isFollowing(userId, creatorId);
  }

  listFollowing(userId: string, page: PageRequest): Promise<Page<Follow>> {
    return this.#follows.listFollowing(userId, page);
  }

  counts(userId: string): Promise<FollowCounts> {
    return this.#follows.counts(userId);
  }

  countsOf(userIds: readonly string[]): Promise<ReadonlyMap<string, FollowCounts>> {
    return this.#follows.countsOf(userIds);
  }

  revision(userId: string): Promise<number> {
    return this.#follows.revision(userId);
  }

  reconcile(options: ReconcileOptions): Promise<Reconciled> {
    return this.#follows.reconcile(options);
  }
}
