// One change of who follows whom, as the steps that `follows-redis.ts` explains: each is one script
// in one slot, and may be repeated or come late. They are a file of their own so that tests can
// stop between them, as a crash does.

import { fnv1a } from '../../../domain/ids.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Part of the stored format. Bucket 0 alone holds a creator's first followers. */
export const FOLLOWER_BUCKETS = 32;

const MICROSECONDS_PER_MINUTE = 60_000_000;
/**
 * A bucket knows the newest revision of whoever changed lately, and refuses revisions older than
 * this. So the clocks of Redis servers must agree to within these minutes, or following fails.
 */
const REVISION_AGE_MAX = 10 * MICROSECONDS_PER_MINUTE;
/** Until then a bucket keeps what it knows: twice as long, so that nothing accepted is unknown. */
const REVISION_MEMORY = 2 * REVISION_AGE_MAX;
/** Forgotten with each change: more than one, so that what is kept shrinks after a rush. */
const FORGOTTEN_PER_CHANGE = 16;
/** Abandoned steps that one look finishes. */
const ABANDONED_MAX = 8;

/** What a bucket answers to a step: finished, the user's other bucket is next, or refused. */
const [DONE, GO_ON, TOO_LATE] = [1, 2, -1];

/** What is left to do for one pair: bring the buckets up to it. */
export interface PendingFollow {
  readonly userId: string;
  readonly creatorId: string;
  /** Microseconds since the Unix epoch by Redis's clock; always grows for one user. */
  readonly revision: number;
  /** Since when the user follows; null: not at all. */
  readonly since: number | null;
}

export interface FollowChange {
  readonly changed: boolean;
  /** Null where the buckets are up to date. */
  readonly pending: PendingFollow | null;
}

/**
 * The server's time in microseconds, and a user's next revision, in the user's slot: it is
 * remembered for as long as any bucket remembers the one before.
 */
const TIME_AND_REVISION = `
local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function next_revision(key)
  local revision = math.max(server_time(), tonumber(redis.call('GET', key) or '0') + 1)
  redis.call('SET', key, string.format('%.0f', revision), 'PX', ${REVISION_MEMORY / 1_000})
  return string.format('%.0f', revision)
end`;

/**
 * KEYS: following, pending, revision. ARGV: creator, since when (empty to unfollow). A pair that
 * stays as it is, but has a step pending, gets it again with a new revision.
 */
const change = new Script(`${TIME_AND_REVISION}
local creator, since = ARGV[1], ARGV[2]
local present = redis.call('ZSCORE', KEYS[1], creator)
local changed = (present and true or false) == (since == '')
if not changed then
  local step = redis.call('HGET', KEYS[2], creator)
  if not step then return {0} end
  since = step:match('^%d+ (.*)$')
elseif present then
  redis.call('ZREM', KEYS[1], creator)
else
  redis.call('ZADD', KEYS[1], since, creator)
end
local step = next_revision(KEYS[3]) .. ' ' .. since
redis.call('HSET', KEYS[2], creator, step)
return {changed and 1 or 0, step}`);

/** Puts a follower in or out, where the bucket knows of nothing newer. False: it does. */
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
    'LIMIT', 0, ${FORGOTTEN_PER_CHANGE})
  if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  redis.call('ZADD', key, ARGV[2], user)
  redis.call('PEXPIRE', key, ${REVISION_MEMORY / 1_000})
end
local function put(key)
  if since == '' then
    redis.call('ZREM', key, user)
  else
    redis.call('ZADD', key, since, user)
  end
end`;

/**
 * KEYS: bucket 0, what it knows (user -> revision), whether the followers are spread. ARGV: user,
 * revision, since, 1 where the user has another bucket, from how many followers on to spread. It
 * decides which bucket it is, so that the same step has the same end whoever repeats it: once the
 * followers are spread nobody new comes into this bucket, and nobody who is in it is in another.
 *
 * So whoever is not in it then belongs elsewhere for good, and it only passes the step on: it
 * refuses what is older than the change that took the user out of it, and writes nothing. Otherwise
 * the whole rush on a creator would be written here, and kept here for minutes (F4).
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

/** KEYS: bucket, what it knows. ARGV: user, revision, since. */
const applyOther = new Script(`${BUCKET}
if is_too_late() then return ${TOO_LATE} end
if is_superseded(KEYS[2]) then return ${DONE} end
remember(KEYS[2])
put(KEYS[1])
return ${DONE}`);

/** KEYS: pending. ARGV: creator, the step that is done. A newer one stays. */
const finish = new Script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`);

/** KEYS: pending, revision. ARGV: age, how many. Takes over steps that nobody works on. */
const abandoned = new Script(`${TIME_AND_REVISION}
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

/** First step, in the user's slot: decides. `since` null unfollows. */
export async function changeFollowing(
  redis: RedisConnection,
  userId: string,
  creatorId: string,
  since: number | null,
): Promise<FollowChange> {
  const keys = [followingKey(userId), pendingKey(userId), revisionKey(userId)];
  const answer = await change.run(redis, keys, [creatorId, since ?? '']);
  const [changed, step] = answer as [number, string | undefined];
  const pending = step === undefined ? null : parseStep(userId, creatorId, step);
  return { changed: changed === 1, pending };
}

/**
 * Second step, in bucket 0, and where that says so in the user's other bucket. Errors:
 * `store-unavailable`, also for a step that is too old to be told from a newer one.
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

/** Third step, in the user's slot: nothing is left to do. */
export async function finishFollow(
  redis: RedisConnection,
  { userId, creatorId, revision, since }: PendingFollow,
): Promise<void> {
  await finish.run(redis, [pendingKey(userId)], [creatorId, `${revision} ${since ?? ''}`]);
}

/** What crashes left undone for this user: the steps that have been pending for `afterMs`. */
export async function takeAbandoned(
  redis: RedisConnection,
  userId: string,
  afterMs: number,
): Promise<PendingFollow[]> {
  // Mostly there is nothing pending, and to look at that writes nothing.
  if ((await answerOf(redis.exists(pendingKey(userId)))) === 0) return [];
  const keys = [pendingKey(userId), revisionKey(userId)];
  const flat = (await abandoned.run(redis, keys, [afterMs * 1_000, ABANDONED_MAX])) as string[];
  const found: PendingFollow[] = [];
  for (let i = 0; i < flat.length; i += 2) found.push(parseStep(userId, flat[i]!, flat[i + 1]!));
  return found;
}

/** Whether the creator has so many followers that all buckets are in use. Never taken back. */
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

/** A sorted set of creators by the time since when the user follows them. */
export function followingKey(userId: string): string {
  return `{following:${userId}}`;
}

function pendingKey(userId: string): string {
  return `${followingKey(userId)}:pending`;
}

function revisionKey(userId: string): string {
  return `${followingKey(userId)}:revision`;
}

/** A sorted set of users by the newest revision that came to the bucket. */
export function knownKey(bucketKey: string): string {
  return `${bucketKey}:revisions`;
}

function parseStep(userId: string, creatorId: string, step: string): PendingFollow {
  const [revision, since] = step.split(' ') as [string, string];
  return {
    userId,
    creatorId,
    revision: Number(revision),
    since: since === '' ? null : Number(since),
  };
}
