// The steps of one change of follows (`follows-redis.ts` explains them). Each step is one script in
// one slot, and may be repeated or come late. They are a file of their own so that tests can stop
// between them, as a crash does.
//
// A user's follows are in the user's bucket, where the deciding script appends the record of the
// change. Or they are still at the keys of level 0, where it appends no record, and refuses once
// they have moved.

import { fnv1a } from '../../../domain/ids.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import type { Answered } from '../../ports/requests.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  arrivedKey,
  bucketLayoutKey,
  changeBucketOf,
  changesKey,
  entitiesKey,
  type FollowingKeys,
  followingKeys,
  memberOf,
  oldFollowingKeys,
  oldFollowingMovedKey,
} from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import { answeredOf, onceScript, type RedisRequests } from './requests-redis.ts';

/** Part of the stored format. Bucket 0 alone holds a creator's first followers. */
export const FOLLOWER_BUCKETS = 32;

const MICROSECONDS_PER_MINUTE = 60_000_000;
/**
 * A bucket stores the newest revision of each user who changed lately, and refuses revisions older
 * than this. So the clocks of Redis servers must agree to within these minutes, or follows fail.
 */
const REVISION_AGE_MAX = 10 * MICROSECONDS_PER_MINUTE;
/** A bucket stores revisions for twice as long, so that it knows all revisions it may accept. */
const REVISION_MEMORY = 2 * REVISION_AGE_MAX;
export const REVISION_MEMORY_MS = REVISION_MEMORY / 1_000;
/** Expired revisions evicted with each change: more than one, so the set shrinks after a rush. */
const EVICTED_PER_CHANGE = 16;
/** Abandoned steps that one call finishes. */
const ABANDONED_MAX = 8;

/** The answer of the deciding script if the user's follows are in the other place. */
const ELSEWHERE = -1;

/** The answers of a bucket to a step: finished, the user's other bucket is next, refused. */
const [DONE, GO_ON, TOO_LATE] = [1, 2, -1];

/** The pending step of one pair: the buckets still need this change. */
export interface PendingFollow {
  /** The place of its note. */
  readonly place: FollowsPlace;
  readonly userId: string;
  readonly creatorId: string;
  /** Microseconds since the Unix epoch by Redis's clock; always rises for one user. */
  readonly revision: number;
  /** Since when the user follows; null after an unfollow. */
  readonly since: number | null;
}

export interface FollowChange {
  readonly changed: boolean;
  /** Null if the buckets are up to date. */
  readonly pending: PendingFollow | null;
}

/**
 * The server's time in microseconds, and a user's next revision, in the user's slot. The revision
 * is stored for as long as any bucket stores the revision before it.
 */
const TIME_AND_REVISION = `
local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function next_revision(key)
  local revision = math.max(server_time(), tonumber(redis.call('GET', key) or '0') + 1)
  redis.call('SET', key, string.format('%.0f', revision), 'PX', ${REVISION_MEMORY_MS})
  return string.format('%.0f', revision)
end`;

/** An unchanged pair with a pending step gets the step again with a new revision. */
const CHANGE = `${TIME_AND_REVISION}
local function is_changed(following, creator, since)
  return (redis.call('ZSCORE', following, creator) and true or false) == (since == '')
end
local function put(following, creator, since)
  if since == '' then
    redis.call('ZREM', following, creator)
  else
    redis.call('ZADD', following, since, creator)
  end
end
local function note(pending, revision, creator, changed, since)
  if not changed then
    local step = redis.call('HGET', pending, creator)
    if not step then return {0} end
    since = step:match('^%d+ (.*)$')
  end
  local step = next_revision(revision) .. ' ' .. since
  redis.call('HSET', pending, creator, step)
  return {changed and 1 or 0, step}
end`;

/**
 * KEYS: following, pending, revision, changes, entities, layout of the bucket, arrived. ARGV: most
 * records, creator, since when (empty to unfollow), record, user, member, 1 if all follows are in
 * buckets. Answers -1 if the user's follows have not arrived.
 */
const change = new Script(`${CHANGE}${APPEND_CHANGE}
local creator, since = ARGV[2], ARGV[3]
if ARGV[7] ~= '1' and redis.call('GET', KEYS[6]) ~= 'copied'
  and redis.call('SISMEMBER', KEYS[7], ARGV[5]) == 0 then
  return {${ELSEWHERE}}
end
local changed = is_changed(KEYS[1], creator, since)
if changed then
  append_change(KEYS[4], ARGV[1], ARGV[4])
  put(KEYS[1], creator, since)
  local count = redis.call('ZCARD', KEYS[1])
  if count == 0 then
    redis.call('ZREM', KEYS[5], ARGV[6])
  elseif count == 1 then
    redis.call('ZADD', KEYS[5], 0, ARGV[6])
  end
end
return note(KEYS[2], KEYS[3], creator, changed, since)`);

const changeOnce = onceScript(change, `result[1] ~= ${ELSEWHERE}`);

/**
 * KEYS: following, pending, revision, mark. ARGV: creator, since when (empty to unfollow). Answers
 * -1 if the user's follows have moved.
 */
const changeOld = new Script(`${CHANGE}
local creator, since = ARGV[1], ARGV[2]
if redis.call('EXISTS', KEYS[4]) == 1 then return {${ELSEWHERE}} end
local changed = is_changed(KEYS[1], creator, since)
if changed then put(KEYS[1], creator, since) end
return note(KEYS[2], KEYS[3], creator, changed, since)`);

/** Adds or removes a follower, unless the bucket knows a newer revision: then false. */
const BUCKET = `${TIME_AND_REVISION}
local user, revision, since, now = ARGV[1], tonumber(ARGV[2]), ARGV[3], server_time()
local function is_too_late() return revision < now - ${REVISION_AGE_MAX} end
local function is_superseded(key)
  local known = redis.call('ZSCORE', key, user)
  return known and tonumber(known) > revision
end
local function remember(key)
  local horizon = string.format('%.0f', now - ${REVISION_MEMORY})
  local old = redis.call('ZRANGE', key, '-inf', horizon, 'BYSCORE',
    'LIMIT', 0, ${EVICTED_PER_CHANGE})
  if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  redis.call('ZADD', key, ARGV[2], user)
  redis.call('PEXPIRE', key, ${REVISION_MEMORY_MS})
end
local function put(key)
  if since == '' then
    redis.call('ZREM', key, user)
  else
    redis.call('ZADD', key, since, user)
  end
end`;

/**
 * KEYS: bucket 0, its revisions (user -> revision), whether the followers are spread. ARGV: user,
 * revision, since, 1 if the user has another bucket, the number of followers from which to spread.
 * Bucket 0 decides which bucket the follower is in, so that a repeated step has the same result.
 * Once the followers are spread, no new follower comes into bucket 0, and no follower in it is in
 * another bucket.
 *
 * So a user who is not in bucket 0 then belongs to the other bucket for good, and bucket 0 only
 * passes the step on. It refuses a step older than the change that removed the user from it, and
 * writes nothing. Otherwise all followers of a rush on a creator would be written here, and their
 * revisions stored here for minutes (F4).
 */
const applyFirst = new Script(`${BUCKET}
if is_too_late() then return ${TOO_LATE} end
if is_superseded(KEYS[2]) then return ${DONE} end
local elsewhere = ARGV[4] == '1' and redis.call('EXISTS', KEYS[3]) == 1
if elsewhere and not redis.call('ZSCORE', KEYS[1], user) then return ${GO_ON} end
remember(KEYS[2])
put(KEYS[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then redis.call('SET', KEYS[3], 1, 'NX') end
return ${DONE}`);

/** KEYS: bucket, its revisions. ARGV: user, revision, since. */
const applyOther = new Script(`${BUCKET}
if is_too_late() then return ${TOO_LATE} end
if is_superseded(KEYS[2]) then return ${DONE} end
remember(KEYS[2])
put(KEYS[1])
return ${DONE}`);

/** KEYS: pending. ARGV: creator, the finished step. A newer step stays. */
const finish = new Script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`);

/**
 * KEYS: pending, revision, and at level 0 the mark. ARGV: age, limit. Takes over steps that have
 * been pending for longer than the age.
 */
const abandoned = new Script(`${TIME_AND_REVISION}
if KEYS[3] and redis.call('EXISTS', KEYS[3]) == 1 then return {} end
local found, before = {}, server_time() - tonumber(ARGV[1])
for _, creator in ipairs(redis.call('HKEYS', KEYS[1])) do
  if #found >= 2 * tonumber(ARGV[2]) then break end
  local step = redis.call('HGET', KEYS[1], creator)
  local revision, rest = step:match('^(%d+)( .*)$')
  if tonumber(revision) <= before then
    step = next_revision(KEYS[2]) .. rest
    redis.call('HSET', KEYS[1], creator, step)
    found[#found + 1] = creator
    found[#found + 1] = step
  end
end
return found`);

/** The place of a user's follows: the user's bucket, or the keys of level 0. */
export type FollowsPlace = 'bucket' | 'old';

export function keysIn(place: FollowsPlace, userId: string): FollowingKeys {
  return place === 'bucket' ? followingKeys(userId) : oldFollowingKeys(userId);
}

export interface FollowDecision {
  readonly userId: string;
  readonly creatorId: string;
  /** Null unfollows. */
  readonly since: number | null;
}

/**
 * First step, in the user's bucket: decides, and appends the record. Null if the user's follows
 * have not arrived there. `isCopied`: the follows of all users have.
 */
export async function changeFollowing(
  changes: Pick<RedisChangeStream, 'append'>,
  { userId, creatorId, since }: FollowDecision,
  isCopied: boolean,
): Promise<FollowChange | null> {
  const { keys, args } = changeParts({ userId, creatorId, since }, isCopied);
  const answer = await changes.append(change, keys, args);
  return followChangeOf('bucket', userId, creatorId, answer);
}

/** The same, unless the request was answered, in the same step. */
export async function changeFollowingOnce(
  changes: Pick<RedisChangeStream, 'append'>,
  requests: Pick<RedisRequests, 'partOf'>,
  request: KeyedRequest,
  decision: FollowDecision,
  isCopied: boolean,
): Promise<Answered<FollowChange | null>> {
  const { userId, creatorId } = decision;
  const { keys, args } = changeParts(decision, isCopied);
  const kept = requests.partOf(request, changeBucketOf(userId), 'null');
  const answered = answeredOf(
    await changes.append(changeOnce, [...keys, ...kept.keys], [...args, ...kept.args]),
  );
  if (answered.result === 'repeated') return { result: 'repeated', value: null };
  if (answered.result !== 'new') return answered;
  return {
    result: 'new',
    value: followChangeOf('bucket', userId, creatorId, answered.value),
  };
}

/** The keys and arguments of the deciding script. */
function changeParts(
  { userId, creatorId, since }: FollowDecision,
  isCopied: boolean,
): { keys: string[]; args: (string | number)[] } {
  const bucket = changeBucketOf(userId);
  const { following, pending, revision } = followingKeys(userId);
  const record = JSON.stringify({ kind: 'follow', userId, creatorId, since });
  return {
    keys: [
      following,
      pending,
      revision,
      changesKey(bucket),
      entitiesKey(bucket),
      bucketLayoutKey(bucket),
      arrivedKey(bucket),
    ],
    args: [creatorId, since ?? '', record, userId, memberOf('follows', userId), isCopied ? 1 : 0],
  };
}

/** The step of one pair that is pending in the user's bucket; null for none. */
export async function pendingFollow(
  redis: RedisConnection,
  userId: string,
  creatorId: string,
): Promise<PendingFollow | null> {
  const step = await answerOf(redis.hget(followingKeys(userId).pending, creatorId));
  return step === null ? null : parseStep('bucket', userId, creatorId, step);
}

/**
 * First step at the keys of level 0, without a record. Null if the user's follows have moved.
 */
export async function changeOldFollowing(
  redis: RedisConnection,
  { userId, creatorId, since }: FollowDecision,
): Promise<FollowChange | null> {
  const { following, pending, revision } = oldFollowingKeys(userId);
  const keys = [following, pending, revision, oldFollowingMovedKey(userId)];
  const answer = await changeOld.run(redis, keys, [creatorId, since ?? '']);
  return followChangeOf('old', userId, creatorId, answer);
}

function followChangeOf(
  place: FollowsPlace,
  userId: string,
  creatorId: string,
  answer: unknown,
): FollowChange | null {
  const [outcome, step] = answer as [number, string | undefined];
  if (outcome === ELSEWHERE) return null;
  const pending = step === undefined ? null : parseStep(place, userId, creatorId, step);
  return { changed: outcome === 1, pending };
}

/**
 * Second step, in bucket 0, and then in the user's other bucket if bucket 0 says so. Errors:
 * `store-unavailable`, also for a step that is too old to compare.
 */
export async function applyToBuckets(
  redis: RedisConnection,
  { userId, creatorId, revision, since }: PendingFollow,
  spreadAt: number,
): Promise<void> {
  const step = [userId, revision, since ?? ''];
  const other = fnv1a(userId) % FOLLOWER_BUCKETS;
  const first = followersKey(creatorId, 0);
  let outcome = await applyFirst.run(
    redis,
    [first, knownKey(first), spreadKey(creatorId)],
    [...step, other === 0 ? 0 : 1, spreadAt],
  );
  if (outcome === GO_ON) {
    const key = followersKey(creatorId, other);
    outcome = await applyOther.run(redis, [key, knownKey(key)], step);
  }
  if (outcome === TOO_LATE) throw new StoreUnavailableError('a change of follows came too late');
}

/** Third step, in the user's slot: removes the note. */
export async function finishFollow(
  redis: RedisConnection,
  { place, userId, creatorId, revision, since }: PendingFollow,
): Promise<void> {
  const { pending } = keysIn(place, userId);
  await finish.run(redis, [pending], [creatorId, `${revision} ${since ?? ''}`]);
}

/** The abandoned steps of this user: those pending for longer than `afterMs`. */
export async function takeAbandoned(
  redis: RedisConnection,
  place: FollowsPlace,
  userId: string,
  afterMs: number,
): Promise<PendingFollow[]> {
  const { pending, revision } = keysIn(place, userId);
  // Mostly no step is pending, and then this check writes nothing.
  if ((await answerOf(redis.exists(pending))) === 0) return [];
  const keys = [pending, revision, ...(place === 'old' ? [oldFollowingMovedKey(userId)] : [])];
  const flat = (await abandoned.run(redis, keys, [afterMs * 1_000, ABANDONED_MAX])) as string[];
  const found: PendingFollow[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    found.push(parseStep(place, userId, flat[i]!, flat[i + 1]!));
  }
  return found;
}

/** Whether all buckets are in use, because the creator has many followers. Stays true. */
export async function isSpread(redis: RedisConnection, creatorId: string): Promise<boolean> {
  return (await answerOf(redis.exists(spreadKey(creatorId)))) === 1;
}

/** A sorted set of users by the time since when they follow. */
export function followersKey(creatorId: string, bucket: number): string {
  return `{follow:${creatorId}:${bucket}}`;
}

export function spreadKey(creatorId: string): string {
  return `${followersKey(creatorId, 0)}:spread`;
}

/** A sorted set of users by the newest revision in the bucket. */
export function knownKey(bucketKey: string): string {
  return `${bucketKey}:revisions`;
}

function parseStep(
  place: FollowsPlace,
  userId: string,
  creatorId: string,
  step: string,
): PendingFollow {
  const [revision, since] = step.split(' ') as [string, string];
  return {
    place,
    userId,
    creatorId,
    revision: Number(revision),
    since: since === '' ? null : Number(since),
  };
}
