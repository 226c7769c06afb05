// Refresh tokens on Redis. All keys of a family that decide are in one slot: `{family:<id>}` has
// the user of the family, or the mark that it is revoked; `{family:<id>}:<hash>` is one token, used
// or not; `{family:<id>}:<hash>:used` is when it was used, for as long as it may come again. So a
// rotation is one script. `token:<hash>` only names the family of a token. It is written first,
// because a name without a family does no harm. All keys expire by themselves.

import {
  type RefreshToken,
  REPEAT_GRACE_MS,
  type RotationResult,
  type TokenFamily,
} from '../../ports/accounts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Keys outlive their tokens: the caller's clock, not Redis's, decides whether a token expired. */
const EXPIRY_SLACK_MS = 3_600_000;

/** Keys outlive the grace: the caller's clock decides here as well. */
const USED_AT_KEPT_MS = 2 * REPEAT_GRACE_MS;

const REVOKED = 'revoked';
const OWNED = 'user:';

/** KEYS: family, token. ARGV: owner, token's expiry, TTL of both in milliseconds. */
const add = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[3])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], 'new ' .. ARGV[2], 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3], 'GT')
return 1`);

/** KEYS: family, old token, next token, old one's use. ARGV: now, next token's expiry, its TTL. */
const rotate = new Script(`
local owner, token = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if not owner or owner == '${REVOKED}' or not token then return {'unknown'} end
local state, ends = token:match('^(%a+) (.+)$')
if tonumber(ends) <= tonumber(ARGV[1]) then return {'unknown'} end
if state == 'used' then
  local used_at = redis.call('GET', KEYS[4])
  local is_late = not used_at or math.abs(ARGV[1] - used_at) > ${REPEAT_GRACE_MS}
  if not is_late and redis.call('EXISTS', KEYS[3]) == 1 then return {'repeated', owner} end
  redis.call('SET', KEYS[1], '${REVOKED}', 'KEEPTTL')
  return {'reused'}
end
redis.call('SET', KEYS[2], 'used ' .. ends, 'KEEPTTL')
redis.call('SET', KEYS[4], ARGV[1], 'PX', ${USED_AT_KEPT_MS})
redis.call('SET', KEYS[3], 'new ' .. ARGV[2], 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3], 'GT')
return {'rotated', owner}`);

export class RedisRefreshTokens {
  readonly #redis: RedisConnection;
  readonly #now: () => number;

  constructor({ redis, now }: { redis: RedisConnection; now: () => number }) {
    this.#redis = redis;
    this.#now = now;
  }

  /** Does not store an expired token. */
  async add({ hash, familyId, userId, expiresAt }: RefreshToken): Promise<void> {
    const retentionMs = this.#retentionMs(expiresAt);
    if (retentionMs === 0) return;
    await this.#lead(hash, familyId, retentionMs);
    const keys = [familyKey(familyId), tokenKey(familyId, hash)];
    await add.run(this.#redis, keys, [`${OWNED}${userId}`, expiresAt, retentionMs]);
  }

  async rotate(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult> {
    const familyId = await this.#familyOf(hash);
    if (familyId === null) return { result: 'unknown' };
    // At least 1 ms, the shortest TTL: an expired next token still uses up the old one.
    const retentionMs = Math.max(this.#retentionMs(next.expiresAt), 1);
    await this.#lead(next.hash, familyId, retentionMs);
    const used = tokenKey(familyId, hash);
    const keys = [familyKey(familyId), used, tokenKey(familyId, next.hash), `${used}:used`];
    const answer = await rotate.run(this.#redis, keys, [now, next.expiresAt, retentionMs]);
    const [result, owner] = answer as [RotationResult['result'], string | undefined];
    if (result !== 'rotated' && result !== 'repeated') return { result };
    return { result, familyId, userId: owner!.slice(OWNED.length) };
  }

  /** The family of a token that is known, with its user where it is not revoked. */
  async find(hash: string): Promise<TokenFamily | null> {
    const familyId = await this.#familyOf(hash);
    if (familyId === null) return null;
    const owner = await answerOf(this.#redis.get(familyKey(familyId)));
    if (owner === null || owner === REVOKED) return { familyId, userId: null };
    return { familyId, userId: owner.slice(OWNED.length) };
  }

  /** The mark of a revoked family stays until its last token would have expired. */
  async revokeFamily(familyId: string): Promise<void> {
    await answerOf(this.#redis.set(familyKey(familyId), REVOKED, 'KEEPTTL', 'XX'));
  }

  #familyOf(hash: string): Promise<string | null> {
    return answerOf(this.#redis.get(`token:${hash}`));
  }

  async #lead(hash: string, familyId: string, retentionMs: number): Promise<void> {
    await answerOf(this.#redis.set(`token:${hash}`, familyId, 'PX', retentionMs));
  }

  /** The TTL of the keys of a token with this expiry; 0 for an expired token. */
  #retentionMs(expiresAt: number): number {
    const leftMs = Math.ceil(expiresAt - this.#now());
    return leftMs <= 0 ? 0 : leftMs + EXPIRY_SLACK_MS;
  }
}

function familyKey(familyId: string): string {
  return `{family:${familyId}}`;
}

function tokenKey(familyId: string, hash: string): string {
  return `{family:${familyId}}:${hash}`;
}
