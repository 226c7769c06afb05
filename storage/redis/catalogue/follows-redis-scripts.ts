// The scripts of a change of follows, each in one slot. `follows-redis-steps.ts` runs them as the
// steps that `follows-redis.ts` explains.

import { Script } from '../connection/script.ts';
import { APPEND_CHANGE } from './change-append.ts';
import { onceScript } from './requests-redis.ts';

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

/** The answer of the deciding script if the user's follows are in the other place. */
export const ELSEWHERE = -1;

/** A bucket's answer to a step: finished. */
const DONE = 1;
/** A bucket's answer to a step: the user's other bucket is next. */
export const GO_ON = 2;
/** A bucket's answer to a step: refused. */
export const TOO_LATE = -1;

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
export const change = new Script(`${CHANGE}${APPEND_CHANGE}
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

export const changeOnce = onceScript(change, `result[1] ~= ${ELSEWHERE}`);

/**
 * KEYS: following, pending, revision, mark. ARGV: creator, since when (empty to unfollow). Answers
 * -1 if the user's follows have moved.
 */
export const changeOld = new Script(`${CHANGE}
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
export const applyFirst = new Script(`${BUCKET}
if is_too_late() then return ${TOO_LATE} end
if is_superseded(KEYS[2]) then return ${DONE} end
local elsewhere = ARGV[4] == '1' and redis.call('EXISTS', KEYS[3]) == 1
if elsewhere and not redis.call('ZSCORE', KEYS[1], user) then return ${GO_ON} end
remember(KEYS[2])
put(KEYS[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then redis.call('SET', KEYS[3], 1, 'NX') end
return ${DONE}`);

/** KEYS: bucket, its revisions. ARGV: user, revision, since. */
export const applyOther = new Script(`${BUCKET}
if is_too_late() then return ${TOO_LATE} end
if is_superseded(KEYS[2]) then return ${DONE} end
remember(KEYS[2])
put(KEYS[1])
return ${DONE}`);

/**
 * KEYS: following, pending, revision. ARGV: creator. Notes a step that brings the buckets to what
 * the user's set says of the pair; none where one is pending.
 */
export const noteAgain = new Script(`${TIME_AND_REVISION}
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return false end
local since = redis.call('ZSCORE', KEYS[1], ARGV[1]) or ''
local step = next_revision(KEYS[3]) .. ' ' .. since
redis.call('HSET', KEYS[2], ARGV[1], step)
return step`);

/** KEYS: pending. ARGV: creator, the finished step. A newer step stays. */
export const finish = new Script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`);

/**
 * KEYS: pending, revision, and at level 0 the mark. ARGV: age, limit. Takes over steps that have
 * been pending for longer than the age.
 */
export const abandoned = new Script(`${TIME_AND_REVISION}
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
