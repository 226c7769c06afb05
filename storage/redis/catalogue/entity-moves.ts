// Moves one user, product or list of follows from its keys of level 0 into its bucket. The two are
// in different slots, so a move is several steps, in this order:
//
// 1. A mark in the entity's own slot freezes the old entity. Every script of this version that
//    writes
//    there respects the mark, so the old entity never changes again.
// 2. The bucket stores the frozen contents, once. If the entity has arrived, or the whole bucket is
//    copied, nothing happens.
//
// Until step 2 readers find the entity in the old place and writers repeat the move. So a crash in
// between loses nothing, and any number of movers have the same result. A move is no change: it
// appends no record. Instead, the end of the copy makes all consumers begin with a full pass.

import { StoreUnavailableError } from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  arrivedKey,
  bucketLayoutKey,
  changeBucketOf,
  changesKey,
  entitiesKey,
  entityKey,
  followingCopyKey,
  followingKeys,
  memberOf,
  oldFollowingKeys,
  oldFollowingMovedKey,
  oldProductEntityId,
  oldUserKey,
  productEntityId,
  userKey,
} from './catalogue-keys.ts';

/** Most follows of one command. */
const FOLLOWS_AT_ONCE = 1_000;
/** TTL of an unfinished copy. */
const COPY_LIFETIME_MS = 600_000;
/** How often a copy is started again because it expired meanwhile. */
const COPY_ROUNDS_MAX = 3;

/** The field that freezes an entity of level 0. */
export const MOVED_FIELD = 'moved';

/** KEYS: old entity. Answers its fields and values. */
const FREEZE = new Script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
if redis.call('HEXISTS', KEYS[1], '${MOVED_FIELD}') == 0 then
  redis.call('HSET', KEYS[1], '${MOVED_FIELD}', 1)
end
return redis.call('HGETALL', KEYS[1])`);

/** KEYS: entity, entities, layout of the bucket. ARGV: member (may be empty), fields and values. */
const INSTALL = new Script(`
if redis.call('GET', KEYS[3]) == 'copied' then return 0 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[3], 'copying')
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
if ARGV[1] ~= '' then redis.call('ZADD', KEYS[2], 0, ARGV[1]) end
return 1`);

/** KEYS: following, pending, revision, mark. Answers how many are followed, revision, notes. */
const FREEZE_FOLLOWS = new Script(`
if redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3]) == 0 then return {0, '', {}} end
redis.call('SET', KEYS[4], 1, 'NX')
local followed, revision = redis.call('ZCARD', KEYS[1]), redis.call('GET', KEYS[3]) or ''
return {followed, revision, redis.call('HGETALL', KEYS[2])}`);

const HAS_ARRIVED = `
local function has_arrived(layout, arrived, user)
  return redis.call('GET', layout) == 'copied' or redis.call('SISMEMBER', arrived, user) == 1
end`;

/** KEYS: copy, layout of the bucket, arrived. ARGV: user, times and creators. */
const COPY_FOLLOWS = new Script(`${HAS_ARRIVED}
if has_arrived(KEYS[2], KEYS[3], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ${COPY_LIFETIME_MS})
return 1`);

/**
 * KEYS: copy, layout of the bucket, arrived, entities, following, pending, revision. ARGV: user,
 * member, number of follows, revision, TTL of the revision, notes. Answers -1 if the copy is
 * incomplete.
 */
const INSTALL_FOLLOWS = new Script(`${HAS_ARRIVED}
if has_arrived(KEYS[2], KEYS[3], ARGV[1]) then
  redis.call('UNLINK', KEYS[1])
  return 0
end
if redis.call('ZCARD', KEYS[1]) ~= tonumber(ARGV[3]) then return -1 end
redis.call('SADD', KEYS[3], ARGV[1])
local moved = 0
if ARGV[3] ~= '0' then
  redis.call('RENAME', KEYS[1], KEYS[5])
  redis.call('PERSIST', KEYS[5])
  redis.call('ZADD', KEYS[4], 0, ARGV[2])
  redis.call('SET', KEYS[2], 'copying')
  moved = 1
end
if ARGV[4] ~= '' then redis.call('SET', KEYS[7], ARGV[4], 'PX', ARGV[5]) end
if #ARGV > 5 then redis.call('HSET', KEYS[6], unpack(ARGV, 6)) end
return moved`);

/**
 * KEYS: layout of the bucket, changes, arrived. If any entity was copied, the newest sequence rises
 * by one and all records are removed. No consumer can have that position, so each gets
 * `position-trimmed` and begins with a full pass, which has all copied entities.
 */
const FINISH_BUCKET = new Script(`
local layout = redis.call('GET', KEYS[1])
if layout == 'copied' then return 0 end
if layout == 'copying' then
  redis.call('XADD', KEYS[2], '0-*', 'copied', 1)
  redis.call('XTRIM', KEYS[2], 'MAXLEN', 0)
end
redis.call('SET', KEYS[1], 'copied')
redis.call('UNLINK', KEYS[3])
return 1`);

export interface EntityMovesOptions {
  readonly redis: RedisConnection;
  /** TTL of the last revision of a user's follows. */
  readonly revisionMemoryMs: number;
}

/** Every method may be repeated, by any number of nodes. Errors: `store-unavailable`. */
export class EntityMoves {
  readonly #redis: RedisConnection;
  readonly #revisionMemoryMs: number;

  constructor(options: EntityMovesOptions) {
    this.#redis = options.redis;
    this.#revisionMemoryMs = options.revisionMemoryMs;
  }

  /** Whether there was something to move. */
  product(productId: string): Promise<boolean> {
    const old = entityKey(oldProductEntityId(productId));
    const key = entityKey(productEntityId(productId));
    return this.#hash(old, key, changeBucketOf(productId), memberOf('product', productId));
  }

  /** True if there was a user, or the mark of an abandoned registration, to move. */
  user(userId: string): Promise<boolean> {
    const member = memberOf('user', userId);
    return this.#hash(oldUserKey(userId), userKey(userId), changeBucketOf(userId), member);
  }

  /** True if there were follows to move. Afterwards the user's follows are in the bucket. */
  async follows(userId: string): Promise<boolean> {
    if (await this.haveFollowsArrived(userId)) return false;
    for (let round = 0; round < COPY_ROUNDS_MAX; round++) {
      const outcome = await this.#followsOnce(userId);
      if (outcome >= 0) return outcome === 1;
    }
    throw new StoreUnavailableError(`the follows of ${userId} could not be copied`);
  }

  /** Whether the user's follows are in the bucket. They never leave it. */
  async haveFollowsArrived(userId: string): Promise<boolean> {
    const bucket = changeBucketOf(userId);
    const [layout, arrived] = await Promise.all([
      answerOf(this.#redis.get(bucketLayoutKey(bucket))),
      answerOf(this.#redis.sismember(arrivedKey(bucket), userId)),
    ]);
    return layout === 'copied' || arrived === 1;
  }

  /** Call it after all entities of the bucket have moved. */
  async finishBucket(bucket: number): Promise<void> {
    const keys = [bucketLayoutKey(bucket), changesKey(bucket), arrivedKey(bucket)];
    await FINISH_BUCKET.run(this.#redis, keys, []);
  }

  async #hash(old: string, key: string, bucket: number, member: string): Promise<boolean> {
    if ((await answerOf(this.#redis.exists(key))) === 1) return false;
    const fields = (await FREEZE.run(this.#redis, [old], [])) as string[];
    if (fields.length === 0) return false;
    const contents: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== MOVED_FIELD) contents.push(fields[i]!, fields[i + 1]!);
    }
    // A hash without an id is the mark of an abandoned registration.
    const listed = contents.some((name, i) => i % 2 === 0 && name === 'id') ? member : '';
    const keys = [key, entitiesKey(bucket), bucketLayoutKey(bucket)];
    return (await INSTALL.run(this.#redis, keys, [listed, ...contents])) === 1;
  }

  async #followsOnce(userId: string): Promise<number> {
    const old = oldFollowingKeys(userId);
    const frozen = await FREEZE_FOLLOWS.run(
      this.#redis,
      [old.following, old.pending, old.revision, oldFollowingMovedKey(userId)],
      [],
    );
    const [count, revision, notes] = frozen as [number, string, string[]];
    const bucket = changeBucketOf(userId);
    const copy = followingCopyKey(userId);
    const shared = [copy, bucketLayoutKey(bucket), arrivedKey(bucket)];
    for (let first = 0; first < count; first += FOLLOWS_AT_ONCE) {
      const flat = await answerOf(
        this.#redis.zrange(old.following, first, first + FOLLOWS_AT_ONCE - 1, 'WITHSCORES'),
      );
      const pairs: string[] = [];
      for (let i = 0; i < flat.length; i += 2) pairs.push(flat[i + 1]!, flat[i]!);
      if (pairs.length === 0) break;
      if ((await COPY_FOLLOWS.run(this.#redis, shared, [userId, ...pairs])) === 0) return 0;
    }
    const { following, pending, revision: revisionKey } = followingKeys(userId);
    const outcome = await INSTALL_FOLLOWS.run(
      this.#redis,
      [...shared, entitiesKey(bucket), following, pending, revisionKey],
      [userId, memberOf('follows', userId), count, revision, this.#revisionMemoryMs, ...notes],
    );
    return outcome as number;
  }
}
