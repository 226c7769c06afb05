// Mailed links on Redis: a user's are one hash in the user's bucket. It expires as a whole after
// the last one.

import {
  type AccountLink,
  type AccountLinkStore,
  LINKS_PER_USER_MAX,
} from '../../ports/account-links.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { linksKey } from './catalogue-keys.ts';

const EXPIRY_SLACK_MS = 3_600_000;

/** KEYS: links. ARGV: now, id, link, most links, its lifetime in milliseconds. */
const ADD = new Script(`
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
local present, rows = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local expires_at = cjson.decode(rows[i + 1]).expiresAt
  if expires_at <= tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], rows[i])
  else
    present[#present + 1] = {expires_at, rows[i]}
  end
end
table.sort(present, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
for i = 1, #present - ARGV[4] do redis.call('HDEL', KEYS[1], present[i][2]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end`);

export class RedisAccountLinks implements AccountLinkStore {
  readonly #redis: RedisConnection;

  constructor({ redis }: { readonly redis: RedisConnection }) {
    this.#redis = redis;
  }

  async add(link: AccountLink, now: number): Promise<void> {
    const lifetimeMs = Math.max(0, Math.ceil(link.expiresAt - now)) + EXPIRY_SLACK_MS;
    const args = [now, link.id, JSON.stringify(link), LINKS_PER_USER_MAX, lifetimeMs];
    await ADD.run(this.#redis, [linksKey(link.userId)], args);
  }

  async find(userId: string, linkId: string): Promise<AccountLink | null> {
    const text = await answerOf(this.#redis.hget(linksKey(userId), linkId));
    return text === null ? null : (JSON.parse(text) as AccountLink);
  }

  async remove(userId: string, linkId: string): Promise<void> {
    await answerOf(this.#redis.hdel(linksKey(userId), linkId));
  }

  async removeAll(userId: string): Promise<void> {
    await answerOf(this.#redis.del(linksKey(userId)));
  }
}
