// Creates the followers of a creator before a measurement. The first followers go through the
// store's port, which also measures the rate of the port. If the port would take minutes, the rest
// is written directly, in the form that the port writes
// (`storage/redis/catalogue/follows-redis.ts`).

import { fnv1a } from '../../domain/ids.ts';
import type { AccountStore } from '../../storage/ports/accounts.ts';
import { encodeCursor } from '../../storage/formats/cursor.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import { answerOf, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { followingKeys } from '../../storage/redis/catalogue/catalogue-keys.ts';
import {
  FOLLOWER_BUCKETS,
  followersKey,
} from '../../storage/redis/catalogue/follows-redis-steps.ts';

export const CREATOR_ID = 'celebrity';

/** Followers in order, oldest first, one second apart: the index determines id and time. */
export class Crowd {
  readonly count: number;
  readonly #begin: number;

  constructor(count: number) {
    this.count = count;
    this.#begin = Date.now() - (count + 1) * 1000;
  }

  userId(index: number): string {
    return `follower-${index}`;
  }

  since(index: number): number {
    return this.#begin + index * 1000;
  }

  /** The cursor of the page that starts behind `depth` followers, in the list with newest first. */
  cursor(depth: number): string | null {
    if (depth === 0) return null;
    const last = this.count - depth;
    return encodeCursor('followers', { time: this.since(last), id: this.userId(last) });
  }
}

/** Concurrent calls of a port. */
const AT_ONCE = 1024;
const REDIS_FOLLOWERS_AT_ONCE = 1000;

/** Adds the first `count` followers through the port. Resolves to the rate a second. */
export async function followThroughPort(
  follows: FollowStore,
  crowd: Crowd,
  creatorId: string,
  count: number,
): Promise<number> {
  const startedAt = performance.now();
  await atOnce(count, async (index) => {
    await follows.follow(crowd.userId(index), creatorId, crowd.since(index));
  });
  return (count / (performance.now() - startedAt)) * 1000;
}

/**
 * Writes the followers from `first` on, for a creator whose followers are already spread over
 * buckets: the user's list and the bucket of the creator. Omits the changes that a bucket stores
 * for some minutes, and the records of the change stream.
 */
export async function followInRedis(
  redis: RedisConnection,
  crowd: Crowd,
  first: number,
  creatorId = CREATOR_ID,
): Promise<void> {
  for (let from = first; from < crowd.count; from += REDIS_FOLLOWERS_AT_ONCE) {
    const pipeline = redis.pipeline();
    const buckets = new Map<number, (string | number)[]>();
    const to = Math.min(crowd.count, from + REDIS_FOLLOWERS_AT_ONCE);
    for (let index = from; index < to; index++) {
      const userId = crowd.userId(index);
      const since = crowd.since(index);
      pipeline.zadd(followingKeys(userId).following, since, creatorId);
      const bucket = fnv1a(userId) % FOLLOWER_BUCKETS;
      const members = buckets.get(bucket) ?? [];
      members.push(since, userId);
      buckets.set(bucket, members);
    }
    for (const [bucket, members] of buckets) {
      pipeline.zadd(followersKey(creatorId, bucket), ...members);
    }
    for (const [error] of (await answerOf(pipeline.exec())) ?? []) if (error !== null) throw error;
  }
}

/** Adds accounts for these users. The other followers have none, as with an offline token. */
export async function addAccounts(
  accounts: AccountStore,
  userIds: readonly string[],
): Promise<void> {
  await atOnce(userIds.length, async (index) => {
    const id = userIds[index]!;
    const user = { id, email: `${id}@example.com`, name: id, passwordHash: '-', roles: [] };
    await accounts.addUser({ ...user, createdAt: Date.now() });
  });
}

async function atOnce(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
