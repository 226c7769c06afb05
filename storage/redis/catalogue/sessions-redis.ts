// Sessions on Redis. A user's sessions are one hash in the user's bucket. The list of ended ones is
// one sorted set: the score is the position, which is the time in milliseconds by Redis's clock, or
// one more than the score before, so that no two are equal. Ending a session writes three slots,
// the list first: from then on its access tokens are refused. The rest is repeated by whoever ends
// it again.

import {
  ENDED_SESSIONS_MAX,
  type EndedPage,
  type SessionChange,
  type SessionRow,
  type SessionStore,
} from '../../ports/sessions.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { RedisRefreshTokens } from './accounts-redis-tokens.ts';
import { sessionsKey } from './catalogue-keys.ts';

const ENDED_KEY = '{ended-sessions}';
const LOST_KEY = '{ended-sessions}:lost';
/** A user's sessions expire by the caller's clock, the key of all of them some time later. */
const EXPIRY_SLACK_MS = 3_600_000;

/** KEYS: sessions. ARGV: now, id, row, its lifetime in milliseconds. */
const PUT = new Script(`
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  if cjson.decode(rows[i + 1]).expiresAt <= tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], rows[i])
  end
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end`);

/** KEYS: sessions. ARGV: id, fields that change, lifetime of the key in milliseconds. */
const CHANGE = new Script(`
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row then return 0 end
local session = cjson.decode(row)
for name, value in pairs(cjson.decode(ARGV[2])) do session[name] = value end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(session))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1`);

/** KEYS: list, lost. ARGV: how long ended ones are listed, most of them, ids. */
const END = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[1]))
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local position = newest[2] and tonumber(newest[2]) or 0
for i = 3, #ARGV do
  position = math.max(now, position + 1)
  redis.call('ZADD', KEYS[1], string.format('%.0f', position), ARGV[i])
end
local over = redis.call('ZCARD', KEYS[1]) - ARGV[2]
if over > 0 then
  local evicted = redis.call('ZPOPMIN', KEYS[1], over)
  redis.call('SET', KEYS[2], evicted[#evicted])
end`);

export interface RedisSessionStoreOptions {
  readonly redis: RedisConnection;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly endedMax?: number;
}

export class RedisSessionStore implements SessionStore {
  readonly #redis: RedisConnection;
  readonly #tokens: RedisRefreshTokens;
  readonly #now: () => number;
  readonly #endedMax: number;

  constructor(options: RedisSessionStoreOptions) {
    this.#redis = options.redis;
    this.#now = options.now;
    this.#tokens = new RedisRefreshTokens(options);
    this.#endedMax = options.endedMax ?? ENDED_SESSIONS_MAX;
  }

  async put(session: SessionRow, now: number): Promise<void> {
    const args = [now, session.id, JSON.stringify(session), this.#lifetimeMs(session.expiresAt)];
    await PUT.run(this.#redis, [sessionsKey(session.userId)], args);
  }

  async find(userId: string, sessionId: string): Promise<SessionRow | null> {
    const row = await answerOf(this.#redis.hget(sessionsKey(userId), sessionId));
    return row === null ? null : (JSON.parse(row) as SessionRow);
  }

  async change(userId: string, sessionId: string, change: SessionChange): Promise<boolean> {
    const args = [sessionId, JSON.stringify(change), this.#lifetimeMs(change.expiresAt ?? 0)];
    return (await CHANGE.run(this.#redis, [sessionsKey(userId)], args)) === 1;
  }

  async list(userId: string, now: number): Promise<SessionRow[]> {
    const rows = await answerOf(this.#redis.hvals(sessionsKey(userId)));
    return rows
      .map((row) => JSON.parse(row) as SessionRow)
      .filter(({ expiresAt }) => expiresAt > now)
      .toSorted((a, b) => b.usedAt - a.usedAt || (a.id < b.id ? 1 : -1));
  }

  async end(
    userId: string,
    sessionIds: readonly string[],
    now: number,
    forgottenBefore: number,
  ): Promise<void> {
    if (sessionIds.length === 0) return;
    const args = [now - forgottenBefore, this.#endedMax, ...sessionIds];
    await END.run(this.#redis, [ENDED_KEY, LOST_KEY], args);
    await answerOf(this.#redis.hdel(sessionsKey(userId), ...sessionIds));
    await Promise.all(sessionIds.map((id) => this.#tokens.revokeFamily(id)));
  }

  async ended(after: number, limit: number): Promise<EndedPage> {
    const page = ['BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES'] as const;
    const [flat, lost] = await answerOf(
      Promise.all([
        this.#redis.zrange(ENDED_KEY, `(${after}`, '+inf', ...page),
        this.#redis.get(LOST_KEY),
      ]),
    );
    const ended = [];
    for (let i = 0; i < flat.length; i += 2)
      ended.push({ id: flat[i]!, endedAt: Number(flat[i + 1]) });
    return { ended, position: ended.at(-1)?.endedAt ?? after, lostUntil: Number(lost ?? 0) };
  }

  #lifetimeMs(expiresAt: number): number {
    return Math.max(0, Math.ceil(expiresAt - this.#now())) + EXPIRY_SLACK_MS;
  }
}
