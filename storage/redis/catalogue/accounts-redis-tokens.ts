// Refresh tokens on Redis. All that decides is in one slot for each family: `{family:<id>}` says
// whose the family is, or that it is revoked, and `{family:<id>}:<hash>` is one token, used or not.
// So rotating is one script. `token:<hash>` only leads from a token to its family; it is written
// first, since one that leads to nothing does no harm. All of it ends by itself.

import type { RefreshToken, RotationResult } from '../../ports/accounts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Keys outlive their tokens: what has ended is judged by the caller's clock, not by Redis's. */
const EXPIRY_SLACK_MS = 3_600_000;

const REVOKED = 'revoked';
const OWNED = 'user:';

/** KEYS: family, token. ARGV: owner, token's end, milliseconds to keep both. */
const add = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[3])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], 'new ' .. ARGV[2], 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3], 'GT')
return 1`);

/** KEYS: family, old token, next token. ARGV: now, next token's end, milliseconds to keep it. */
const rotate = new Script(`
local owner, token = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if not owner or owner == '${REVOKED}' or not token then return {'unknown'} end
local state, ends = token:match('^(%a+) (.+)$')
if tonumber(ends) <= tonumber(ARGV[1]) then return {'unknown'} end
if state == 'used' then
  redis.call('SET', KEYS[1], '${REVOKED}', 'KEEPTTL')
  return {'reused'}
end
redis.call('SET', KEYS[2], 'used ' .. ends, 'KEEPTTL')
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

  /** A token that has ended is not kept. */
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
    // The least that Redis can keep: a token without a future is still a rotation of the old one.
    const retentionMs = Math.max(this.#retentionMs(next.expiresAt), 1);
    await this.#lead(next.hash, familyId, retentionMs);
    const keys = [familyKey(familyId), tokenKey(familyId, hash), tokenKey(familyId, next.hash)];
    const answer = await rotate.run(this.#redis, keys, [now, next.expiresAt, retentionMs]);
    const [result, owner] = answer as [RotationResult['result'], string | undefined];
    if (result !== 'rotated') return { result };
    return { result, userId: owner!.slice(OWNED.length) };
  }

  /** A revoked family is remembered as such until its last token would have ended. */
  async revoke(hash: string): Promise<void> {
    const familyId = await this.#familyOf(hash);
    if (familyId === null) return;
    await answerOf(this.#redis.set(familyKey(familyId), REVOKED, 'KEEPTTL', 'XX'));
  }

  #familyOf(hash: string): Promise<string | null> {
    return answerOf(this.#redis.get(`token:${hash}`));
  }

  async #lead(hash: string, familyId: string, retentionMs: number): Promise<void> {
    await answerOf(this.#redis.set(`token:${hash}`, familyId, 'PX', retentionMs));
  }

  /** How long Redis keeps what ends then; 0 for what has ended. */
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
