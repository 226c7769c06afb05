// Follows in memory, for tests.

import type { FollowCounts, FollowStore } from '../ports/follows.ts';
import type { Follow } from '../../contracts/follows.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { NOTHING_DERIVED, type Reconciled } from '../ports/reconciled.ts';
import type { Answered } from '../ports/requests.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';
import type { MemoryRequests } from './requests-memory.ts';
import { pageNewestFirst } from './newest-first.ts';

export class MemoryFollowStore implements FollowStore {
  readonly #changes: MemoryChangeStream;
  /** creator -> follower -> since */
  readonly #followers = new Map<string, Map<string, number>>();
  /** user -> creator -> since */
  readonly #following = new Map<string, Map<string, number>>();

  readonly #requests: MemoryRequests;

  readonly #revisions = new Map<string, number>();

  constructor(options: {
    readonly changes: MemoryChangeStream;
    readonly requests: MemoryRequests;
  }) {
    this.#changes = options.changes;
    this.#requests = options.requests;
  }

  async follow(userId: string, creatorId: string, since: number): Promise<boolean> {
    return this.#follow(userId, creatorId, since);
  }

  async followOnce(
    request: KeyedRequest,
    userId: string,
    creatorId: string,
    since: number,
  ): Promise<Answered<null>> {
    return this.#requests.once(request, () => {
      this.#follow(userId, creatorId, since);
      return null;
    });
  }

  #follow(userId: string, creatorId: string, since: number): boolean {
    if (this.#following.get(userId)?.has(creatorId) === true) return false;
    mapOf(this.#following, userId).set(creatorId, since);
    mapOf(this.#followers, creatorId).set(userId, since);
    this.#changed(userId);
    this.#changes.append({ kind: 'follow', userId, creatorId, since });
    return true;
  }

  async unfollow(userId: string, creatorId: string): Promise<boolean> {
    this.#followers.get(creatorId)?.delete(userId);
    if (this.#following.get(userId)?.delete(creatorId) !== true) return false;
    this.#changed(userId);
    this.#changes.append({ kind: 'follow', userId, creatorId, since: null });
    return true;
  }

  async isFollowing(userId: string, creatorId: string): Promise<boolean> {
    return this.#following.get(userId)?.has(creatorId) ?? false;
  }

  async listFollowers(creatorId: string, page: PageRequest): Promise<Page<Follow>> {
    return pageNewestFirst('followers', followsOf(this.#followers, creatorId), positionOf, page);
  }

  async listFollowing(userId: string, page: PageRequest): Promise<Page<Follow>> {
    return pageNewestFirst('following', followsOf(this.#following, userId), positionOf, page);
  }

  async revision(userId: string): Promise<number> {
    return this.#revisions.get(userId) ?? 0;
  }

  async reconcile(): Promise<Reconciled> {
    return NOTHING_DERIVED;
  }

  #changed(userId: string): void {
    this.#revisions.set(userId, (this.#revisions.get(userId) ?? 0) + 1);
  }

  async counts(userId: string): Promise<FollowCounts> {
    return this.#countsOf(userId);
  }

  async countsOf(userIds: readonly string[]): Promise<Map<string, FollowCounts>> {
    return new Map(userIds.map((id) => [id, this.#countsOf(id)]));
  }

  #countsOf(userId: string): FollowCounts {
    return {
      followers: this.#followers.get(userId)?.size ?? 0,
      following: this.#following.get(userId)?.size ?? 0,
    };
  }
}

function mapOf(maps: Map<string, Map<string, number>>, id: string): Map<string, number> {
  let map = maps.get(id);
  if (map === undefined) {
    map = new Map();
    maps.set(id, map);
  }
  return map;
}

function followsOf(maps: Map<string, Map<string, number>>, id: string): Follow[] {
  return [...(maps.get(id) ?? [])].map(([userId, since]) => ({ userId, since }));
}

function positionOf(follow: Follow): { time: number; id: string } {
  return { time: follow.since, id: follow.userId };
}
