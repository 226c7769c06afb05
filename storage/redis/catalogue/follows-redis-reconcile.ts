// Compares creators' lists of followers on Redis with the users' own sets, which are the truth
// (L3). First each user's set: a creator must have the user in one bucket, with the same time. Then
// each bucket: a follower in it must be in the user's set, and belong there. A pair that differs is
// looked at twice, since the buckets follow a change a moment later; a pair with a pending step is
// left to that. To mend a pair is a step of its own (`follows-redis.ts`), so it is safe beside
// changes of that very pair.

import { fnv1a } from '../../../domain/ids.ts';
import { Findings, type Reconciled, type ReconcileOptions } from '../../ports/reconciled.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { mastersOf } from '../connection/masters.ts';
import { CHANGE_BUCKETS, entitiesKey, followingKeys, memberOf } from './catalogue-keys.ts';
import {
  FOLLOWER_BUCKETS,
  followersKey,
  noteFollowAgain,
  parseFollowersKey,
  type PendingFollow,
} from './follows-redis-steps.ts';

/** Pairs compared without a pause: about a millisecond for Redis and for the node. */
const PAIRS_AT_ONCE = 128;

/** Sorts after all members of the kind. */
const USERS_FIRST = memberOf('follows', '');
const USERS_END = `${USERS_FIRST.slice(0, -1)};`;

export interface FollowReconciliationOptions {
  readonly redis: RedisConnection;
  /** Applies a noted step to the buckets and removes its note. */
  readonly settle: (pending: PendingFollow) => Promise<void>;
}

/** A cursor is `users`, a bucket and its last member, or `creators`, a server and SCAN's cursor. */
export class FollowReconciliation {
  readonly #redis: RedisConnection;
  readonly #settle: FollowReconciliationOptions['settle'];
  readonly #findings = new Findings();

  constructor(options: FollowReconciliationOptions) {
    this.#redis = options.redis;
    this.#settle = options.settle;
  }

  async run(options: ReconcileOptions): Promise<Reconciled> {
    const [phase, place, ...rest] = (options.cursor ?? 'users 0 ').split(' ');
    const at = rest.join(' ');
    const next =
      phase === 'users'
        ? await this.#users(Number(place), at, options)
        : await this.#creators(Number(place), at, options);
    return this.#findings.at(next);
  }

  async #users(bucket: number, after: string, options: ReconcileOptions): Promise<string> {
    const first = after === '' ? `[${USERS_FIRST}` : `(${after}`;
    const members = await answerOf(
      this.#redis.zrangebylex(
        entitiesKey(bucket),
        first,
        `(${USERS_END}`,
        'LIMIT',
        0,
        options.limit,
      ),
    );
    for (const member of members) await this.#user(member.slice(USERS_FIRST.length), options);
    if (members.length === options.limit) return `users ${bucket} ${members.at(-1)!}`;
    return bucket + 1 < CHANGE_BUCKETS ? `users ${bucket + 1} ` : 'creators 0 0';
  }

  /** Whom the user follows. What moves in the list meanwhile is compared by the next pass. */
  async #user(userId: string, { pause }: ReconcileOptions): Promise<void> {
    const { following } = followingKeys(userId);
    for (let first = 0; ; first += PAIRS_AT_ONCE) {
      await pause();
      const pairs = await answerOf(
        this.#redis.zrange(following, first, first + PAIRS_AT_ONCE - 1, 'WITHSCORES'),
      );
      await eachPair(pairs, async (creatorId, since) => {
        this.#findings.compared += 1;
        if (!(await this.#isListed(userId, creatorId, since)))
          await this.#mend(userId, creatorId, null);
      });
      if (pairs.length < 2 * PAIRS_AT_ONCE) return;
    }
  }

  async #creators(
    server: number,
    cursor: string,
    options: ReconcileOptions,
  ): Promise<string | null> {
    const servers = mastersOf(this.#redis);
    const master = servers[server];
    // There are fewer servers than before: the next pass compares what has moved.
    if (master === undefined) return null;
    const [next, keys] = await answerOf(
      master.scan(cursor, 'MATCH', '{follow:*}', 'COUNT', options.limit),
    );
    for (const key of keys) {
      const found = parseFollowersKey(key);
      if (found !== null) await this.#followers(key, found.creatorId, found.bucket, options);
    }
    if (next !== '0') return `creators ${server} ${next}`;
    return server + 1 < servers.length ? `creators ${server + 1} 0` : null;
  }

  async #followers(
    key: string,
    creatorId: string,
    bucket: number,
    { pause }: ReconcileOptions,
  ): Promise<void> {
    let at = '0';
    do {
      await pause();
      const [next, pairs] = await answerOf(this.#redis.zscan(key, at, 'COUNT', PAIRS_AT_ONCE));
      at = next;
      await eachPair(pairs, async (userId) => {
        this.#findings.compared += 1;
        const isAtHome = bucket === 0 || bucket === otherBucketOf(userId);
        if (isAtHome && (await this.#follows(userId, creatorId)) !== null) return;
        await this.#mend(userId, creatorId, isAtHome ? null : key);
      });
    } while (at !== '0');
  }

  /** Since when; null for not. */
  async #follows(userId: string, creatorId: string): Promise<number | null> {
    const since = await answerOf(this.#redis.zscore(followingKeys(userId).following, creatorId));
    return since === null ? null : Number(since);
  }

  /** Whether exactly one bucket has the follower, with that time; none, if `since` is null. */
  async #isListed(userId: string, creatorId: string, since: number | null): Promise<boolean> {
    const [first, other] = await this.#scores(userId, creatorId);
    if (since === null) return first === null && other === null;
    return (first === null) !== (other === null) && Number(first ?? other) === since;
  }

  async #scores(userId: string, creatorId: string): Promise<(string | null)[]> {
    const other = otherBucketOf(userId);
    const buckets = other === 0 ? [0] : [0, other];
    const scores = await Promise.all(
      buckets.map((bucket) =>
        answerOf(this.#redis.zscore(followersKey(creatorId, bucket), userId)),
      ),
    );
    return [scores[0]!, scores[1] ?? null];
  }

  /** `strayKey`: a bucket that has the follower and is none of the user's. */
  async #mend(userId: string, creatorId: string, strayKey: string | null): Promise<void> {
    const since = await this.#follows(userId, creatorId);
    const isRight = await this.#isListed(userId, creatorId, since);
    if (isRight && strayKey === null) return;
    const pending = await noteFollowAgain(this.#redis, userId, creatorId);
    if (pending === null) return;
    if (strayKey !== null) await answerOf(this.#redis.zrem(strayKey, userId));
    const [first, other] = await this.#scores(userId, creatorId);
    // Bucket 0 decides, so what else has the user would never be read again.
    if (first !== null && other !== null)
      await answerOf(this.#redis.zrem(followersKey(creatorId, otherBucketOf(userId)), userId));
    await this.#settle(pending);
    this.#findings.differed(`${userId} ${creatorId}`);
  }
}

/** Members and scores alternate. */
async function eachPair(
  pairs: readonly string[],
  compare: (member: string, score: number) => Promise<void>,
): Promise<void> {
  const compared: Promise<void>[] = [];
  for (let i = 0; i < pairs.length; i += 2) compared.push(compare(pairs[i]!, Number(pairs[i + 1])));
  await Promise.all(compared);
}

function otherBucketOf(userId: string): number {
  return fnv1a(userId) % FOLLOWER_BUCKETS;
}
