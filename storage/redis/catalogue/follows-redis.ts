// Follows on Redis. A creator's followers are spread over buckets, each in a slot of its own (F4).
// The creators that a user follows are one set in the user's slot. So each change writes two slots,
// which no transaction spans. A change has three steps:
//
// 1. In the user's bucket one script decides. It appends the record of the change (C1), changes the
//    user's set, gives the change a revision above all earlier revisions of this user, and notes
//    the change as pending.
// 2. In the follower's bucket a script adds or removes the follower. A bucket stores the newest
//    revision of each user for a while. It ignores older revisions, and refuses revisions that are
//    too old to compare. So a repeated step is harmless, and a process that was paused before this
//    step cannot undo later changes.
// 3. In the user's bucket the note is removed, unless a newer change has replaced it.
//
// The user's set decides. A call that finds a note repeats steps 2 and 3: the same call when it is
// repeated, the next change of that pair, and, once the note is old, the next read of the user's
// follows. So after a crash between any two steps the buckets catch up. Only the newest note
// counts, so the buckets end up equal to the user's set. Counts are the sizes of these sets, which
// Redis maintains itself, so no count can drift (F3).
//
// A creator's first followers are in bucket 0 alone, so a page or a count of a small creator costs
// one read. From `spreadAt` followers on, new followers go to all 32 buckets by their ids. No
// follower is moved; bucket 0 decides which bucket a follower is in. A page then costs 32 reads of
// little more than each bucket's share, at any depth (F2); all at once where it is known that the
// followers are spread.
//
// Before the copy from level 0 begins, steps 1 and 3 are at the keys of level 0, without a record.
// During the copy a user's follows are in one of the two places.

import { LRUCache } from 'lru-cache';
import {
  decodeCursor,
  encodeCursor,
  type ListName,
  type ListPosition,
} from '../../formats/cursor.ts';
import type { FollowCounts, FollowStore } from '../../ports/follows.ts';
import type { Follow } from '../../../contracts/follows.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { NOTHING_DERIVED, type Reconciled, type ReconcileOptions } from '../../ports/reconciled.ts';
import type { Answered } from '../../ports/requests.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { merge, readNewestFirst } from '../connection/newest-first.ts';
import type { CatalogueLayout } from './catalogue-layout.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import type { EntityMoves } from './entity-moves.ts';
import type { EntityParts } from './entity-parts.ts';
import type { RedisRequests } from './requests-redis.ts';
import { FollowReconciliation } from './follows-redis-reconcile.ts';
import {
  applyToBuckets,
  changeFollowing,
  changeFollowingOnce,
  changeOldFollowing,
  finishFollow,
  type FollowChange,
  type FollowDecision,
  FOLLOWER_BUCKETS,
  followersKey,
  type FollowsPlace,
  isSpread,
  keysIn,
  pendingFollow,
  type PendingFollow,
  takeAbandoned,
} from './follows-redis-steps.ts';

const SPREAD_AT = 1_000;
/** Creators of which is remembered that their followers are spread. */
const SPREAD_KNOWN_MAX = 10_000;
/** Longer than a living call waits for Redis. */
const ABANDONED_AFTER_MS = 15_000;

export interface RedisFollowStoreOptions extends EntityParts {
  /** Followers in a creator's first bucket from which all buckets are used. */
  readonly spreadAt?: number;
  /** Age from which any call that finds an unfinished change finishes it. */
  readonly abandonedAfterMs?: number;
}

export class RedisFollowStore implements FollowStore {
  readonly #redis: RedisConnection;
  readonly #layout: CatalogueLayout;
  readonly #moves: EntityMoves;
  readonly #changes: RedisChangeStream;
  readonly #requests: RedisRequests;
  readonly #spreadAt: number;
  readonly #abandonedAfterMs: number;
  /** Creators whose followers are known to be spread, for good: their buckets are read at once. */
  readonly #spread = new LRUCache<string, true>({ max: SPREAD_KNOWN_MAX });

  constructor(options: RedisFollowStoreOptions) {
    this.#redis = options.redis;
    this.#layout = options.layout;
    this.#moves = options.moves;
    this.#changes = options.changes;
    this.#requests = options.requests;
    this.#spreadAt = options.spreadAt ?? SPREAD_AT;
    this.#abandonedAfterMs = options.abandonedAfterMs ?? ABANDONED_AFTER_MS;
  }

  follow(userId: string, creatorId: string, since: number): Promise<boolean> {
    return this.#change(userId, creatorId, since);
  }

  /** A repeat finishes what its first try left pending. */
  async followOnce(
    request: KeyedRequest,
    userId: string,
    creatorId: string,
    since: number,
  ): Promise<Answered<null>> {
    if (this.#layout.phase === 'old' && (await this.#layout.refresh()) === 'old')
      throw new StoreUnavailableError('follows are not in buckets yet');
    const decision = { userId, creatorId, since };
    const decide = () =>
      changeFollowingOnce(this.#changes, this.#requests, request, decision, this.#layout.isCopied);
    let answered = await decide();
    if (answered.result === 'new' && answered.value === null) {
      await this.#moves.follows(userId);
      answered = await decide();
    }
    if (answered.result === 'reused' || answered.result === 'no-room') return answered;
    if (answered.result === 'new' && answered.value === null)
      throw new StoreUnavailableError('the follows of a user did not arrive');
    const pending =
      answered.value?.pending ?? (await pendingFollow(this.#redis, userId, creatorId));
    if (pending !== null) await this.#settle(pending);
    return { result: answered.result, value: null };
  }

  unfollow(userId: string, creatorId: string): Promise<boolean> {
    return this.#change(userId, creatorId, null);
  }

  isFollowing(userId: string, creatorId: string): Promise<boolean> {
    return this.#read(userId, async (place) => {
      const [since] = await Promise.all([
        answerOf(this.#redis.zscore(keysIn(place, userId).following, creatorId)),
        this.#finishAbandoned(place, userId),
      ]);
      return since !== null;
    });
  }

  async listFollowers(creatorId: string, page: PageRequest): Promise<Page<Follow>> {
    const start = decodeCursor('followers', page.cursor);
    const read = (buckets: readonly number[]) => {
      const keys = buckets.map((bucket) => followersKey(creatorId, bucket));
      return readNewestFirst(this.#redis, keys, start, page.limit + 1);
    };
    if (this.#spread.has(creatorId))
      return pageOf('followers', await read(ALL_BUCKETS), page.limit);
    const [first, spread] = await Promise.all([read([0]), this.#isSpread(creatorId)]);
    const found = spread ? merge([first, await read(OTHER_BUCKETS)], page.limit + 1) : first;
    return pageOf('followers', found, page.limit);
  }

  async listFollowing(userId: string, page: PageRequest): Promise<Page<Follow>> {
    const start = decodeCursor('following', page.cursor);
    const found = await this.#read(userId, async (place) => {
      const { following } = keysIn(place, userId);
      const [positions] = await Promise.all([
        readNewestFirst(this.#redis, [following], start, page.limit + 1),
        this.#finishAbandoned(place, userId),
      ]);
      return positions;
    });
    return pageOf('following', found, page.limit);
  }

  async counts(userId: string): Promise<FollowCounts> {
    const [first, spread, following] = await Promise.all([
      this.#sizeOf(followersKey(userId, 0)),
      this.#isSpread(userId),
      this.#read(userId, (place) => this.#sizeOf(keysIn(place, userId).following)),
    ]);
    const others = spread
      ? await Promise.all(OTHER_BUCKETS.map((each) => this.#sizeOf(followersKey(userId, each))))
      : [];
    return { followers: others.reduce((sum, size) => sum + size, first), following };
  }

  /** Commands of all users in one write, because each is in slots of its own. */
  async countsOf(userIds: readonly string[]): Promise<Map<string, FollowCounts>> {
    const counts = await Promise.all(userIds.map((id) => this.counts(id)));
    return new Map(userIds.map((id, index) => [id, counts[index]!]));
  }

  /** In microseconds; stored for as long as any bucket stores the revision before it. */
  revision(userId: string): Promise<number> {
    return this.#read(userId, async (place) =>
      Number((await answerOf(this.#redis.get(keysIn(place, userId).revision))) ?? 0),
    );
  }

  async reconcile(options: ReconcileOptions): Promise<Reconciled> {
    // The copy of a store of level 0 ends within minutes.
    if (!this.#layout.isCopied) return NOTHING_DERIVED;
    const settle = (pending: PendingFollow) => this.#settle(pending);
    return await new FollowReconciliation({ redis: this.#redis, settle }).run(options);
  }

  async #change(userId: string, creatorId: string, since: number | null): Promise<boolean> {
    const { changed, pending } = await this.#decide({ userId, creatorId, since });
    if (pending !== null) await this.#settle(pending);
    return changed;
  }

  async #decide(decision: FollowDecision): Promise<FollowChange> {
    let changedOld = false;
    if (this.#layout.phase === 'old') {
      const old = await changeOldFollowing(this.#redis, decision);
      // Only follows written before the copy began are certain to be copied.
      if ((await this.#layout.refresh()) === 'old' && old !== null) return old;
      changedOld = old?.changed ?? false;
    }
    const decide = () => changeFollowing(this.#changes, decision, this.#layout.isCopied);
    let change = await decide();
    if (change === null) {
      await this.#moves.follows(decision.userId);
      change = await decide();
    }
    if (change === null) throw new StoreUnavailableError('the follows of a user did not arrive');
    return { ...change, changed: change.changed || changedOld };
  }

  /**
   * Reads a user's follows in the place where they are. A read at the keys of level 0 counts only
   * if the follows have not moved by its end.
   */
  async #read<T>(userId: string, read: (place: FollowsPlace) => Promise<T>): Promise<T> {
    const haveArrived = async (): Promise<boolean> =>
      this.#layout.isCopied || (await this.#moves.haveFollowsArrived(userId));
    if (!(await haveArrived())) {
      const old = await read('old');
      if (!(await haveArrived())) return old;
    }
    return read('bucket');
  }

  async #settle(pending: PendingFollow): Promise<void> {
    await applyToBuckets(this.#redis, pending, this.#spreadAt);
    await finishFollow(this.#redis, pending);
  }

  async #finishAbandoned(place: FollowsPlace, userId: string): Promise<void> {
    try {
      const found = await takeAbandoned(this.#redis, place, userId, this.#abandonedAfterMs);
      await Promise.all(found.map((pending) => this.#settle(pending)));
    } catch (error) {
      // A store that refuses writes is still readable: the next read retries.
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  async #isSpread(creatorId: string): Promise<boolean> {
    if (this.#spread.has(creatorId)) return true;
    const spread = await isSpread(this.#redis, creatorId);
    if (spread) this.#spread.set(creatorId, true);
    return spread;
  }

  #sizeOf(key: string): Promise<number> {
    return answerOf(this.#redis.zcard(key));
  }
}

const ALL_BUCKETS = Array.from({ length: FOLLOWER_BUCKETS }, (_, i) => i);
const OTHER_BUCKETS = ALL_BUCKETS.slice(1);

function pageOf(list: ListName, found: readonly ListPosition[], limit: number): Page<Follow> {
  const shown = found.slice(0, limit);
  const items = shown.map(({ id, time }) => ({ userId: id, since: time }));
  const more = found.length > limit;
  return { items, nextCursor: more ? encodeCursor(list, shown.at(-1)!) : null };
}
