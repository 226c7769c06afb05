// Finds read marks by which an unread count is wrong (L3): `LLEN`, less what is marked. Marks
// beyond the end of the feed, as where its rows were lost, and marks of one notification that
// count twice.

import { Findings, type Reconciled, type ReconcileOptions } from '../../ports/reconciled.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { mastersOf } from '../connection/masters.ts';
import { Script } from '../connection/script.ts';
import { allReadKey, feedKey, oneReadKey } from './user-buckets.ts';

/** Single marks of a user that are compared; most users have a few. */
const MARKS_MAX = 10_000;

/**
 * Keys: a feed, its single marks, its marks for all. Who had read all beyond the end has read all
 * up to it. Answers how many marks it removed.
 */
const MEND_MARKS = new Script(`
  local last = redis.call('LLEN', KEYS[1])
  local beyond = '(' .. last
  local removed = redis.call('ZREMRANGEBYSCORE', KEYS[2], beyond, '+inf')
  local all = redis.call('ZRANGE', KEYS[3], beyond, '+inf', 'BYSCORE', 'LIMIT', 0, 1)
  if #all > 0 then
    removed = removed + redis.call('ZREMRANGEBYSCORE', KEYS[3], beyond, '+inf')
    if last > 0 and redis.call('ZCOUNT', KEYS[3], last, last) == 0 then
      redis.call('ZADD', KEYS[3], last, last .. string.match(all[1], ':.*$'))
    end
  end
  local before
  for _, mark in ipairs(redis.call('ZRANGE', KEYS[2], 0, ${MARKS_MAX - 1})) do
    local id = string.match(mark, '^%d+')
    if id == before then removed = removed + redis.call('ZREM', KEYS[2], mark) end
    before = id
  end
  return removed
`);

/** As `FeedStore.reconcile`. The cursor is a server and SCAN's cursor there. */
export async function reconcileReadMarks(
  redis: RedisConnection,
  { cursor, limit, pause }: ReconcileOptions,
): Promise<Reconciled> {
  const findings = new Findings();
  const [server, at] = (cursor ?? '0 0').split(' ') as [string, string];
  const servers = mastersOf(redis);
  const master = servers[Number(server)];
  // There are fewer servers than before: the next pass compares what has moved.
  if (master === undefined) return findings.at(null);
  const [next, keys] = await answerOf(master.scan(at, 'MATCH', '{users:*-read:*', 'COUNT', limit));
  for (const key of keys) {
    const match = /^\{users:(\d+)\}:(?:one|all)-read:(.*)$/s.exec(key);
    if (match === null) continue;
    await pause();
    const [bucket, userId] = [Number(match[1]), match[2]!];
    const marks = [oneReadKey(bucket, userId), allReadKey(bucket, userId)];
    const removed = await MEND_MARKS.run(redis, [feedKey(bucket, userId), ...marks], []);
    findings.compared += 1;
    if ((removed as number) > 0) findings.differed(userId);
  }
  if (next !== '0') return findings.at(`${server} ${next}`);
  const following = Number(server) + 1;
  return findings.at(following < servers.length ? `${following} 0` : null);
}
