// Users on Redis: `user:<id>` is a hash, `email:<address in lower case>` says whose the address is.
// The two are in different slots, so an address is claimed first and the user is written after it.
// A claim without a user is one under way, or what a crash left. When it is old enough another
// registration takes it over, but first it writes a mark in the place of the user that never came:
// a registration that was only slow then finds its place taken and fails. So two never succeed,
// whatever the clocks say; the time only decides when to try.

import { assert } from '../../../domain/assert.ts';
import type { AccountStore, RefreshToken, RotationResult, User } from '../../ports/accounts.ts';
import { RedisRefreshTokens } from './accounts-redis-tokens.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Longer than a registration that is still alive waits for Redis. */
const CLAIM_GRACE_MS = 15_000;
const NAMES_MAX = 100;

/**
 * KEYS: e-mail. ARGV: user id. Answers the claim that holds the address now, and its age in
 * milliseconds by this server's clock.
 */
const claim = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], string.format('%.0f ', now) .. ARGV[1], 'NX')
local present = redis.call('GET', KEYS[1])
return {present, now - tonumber(present:match('^%d+'))}`);

/** KEYS: e-mail. ARGV: the claim to replace, user id. */
const takeOver = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], string.format('%.0f ', now) .. ARGV[2])
return 1`);

/** KEYS: user. ARGV: fields and values. Answers 0 where somebody has marked the place. */
const write = new Script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1`);

/** KEYS: user. Answers 1 where there is no user and never will be. */
const mark = new Script(`
if redis.call('HEXISTS', KEYS[1], 'id') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'abandoned', 1)
return 1`);

/** KEYS: user. ARGV: role. */
const addRole = new Script(`
local text = redis.call('HGET', KEYS[1], 'roles')
if not text then return 0 end
local roles = cjson.decode(text)
for _, role in ipairs(roles) do
  if role == ARGV[1] then return 0 end
end
roles[#roles + 1] = ARGV[1]
redis.call('HSET', KEYS[1], 'roles', cjson.encode(roles))
return 1`);

export interface RedisAccountStoreOptions {
  readonly redis: RedisConnection;
  /** Milliseconds since the Unix epoch. Decides only how long ended refresh tokens are kept. */
  readonly now: () => number;
  /** From when on a claim of an e-mail without a user may be taken over. */
  readonly claimGraceMs?: number;
}

export class RedisAccountStore implements AccountStore {
  readonly #redis: RedisConnection;
  readonly #claimGraceMs: number;
  readonly #tokens: RedisRefreshTokens;

  constructor(options: RedisAccountStoreOptions) {
    this.#redis = options.redis;
    this.#claimGraceMs = options.claimGraceMs ?? CLAIM_GRACE_MS;
    this.#tokens = new RedisRefreshTokens(options);
  }

  async addUser(user: User): Promise<boolean> {
    if (!(await this.#claim(emailKey(user.email), user.id))) return false;
    const { id, email, name, passwordHash, roles, createdAt } = user;
    const fields = { id, email, name, passwordHash, roles: JSON.stringify(roles), createdAt };
    return (await write.run(this.#redis, [userKey(id)], Object.entries(fields).flat())) === 1;
  }

  async findUser(userId: string): Promise<User | null> {
    return userOf(await answerOf(this.#redis.hgetall(userKey(userId))));
  }

  async findUserByEmail(email: string): Promise<User | null> {
    const present = await answerOf(this.#redis.get(emailKey(email)));
    return present === null ? null : this.findUser(claimantOf(present));
  }

  /** A command for each user, because each is in a slot of its own. */
  async namesOf(userIds: readonly string[]): Promise<Map<string, string>> {
    assert(userIds.length <= NAMES_MAX, 'too many names asked for at once');
    const names = await answerOf(
      Promise.all(userIds.map((id) => this.#redis.hget(userKey(id), 'name'))),
    );
    const found = new Map<string, string>();
    for (const [i, name] of names.entries()) if (name !== null) found.set(userIds[i]!, name);
    return found;
  }

  async addRole(userId: string, role: string): Promise<void> {
    await addRole.run(this.#redis, [userKey(userId)], [role]);
  }

  addRefreshToken(token: RefreshToken): Promise<void> {
    return this.#tokens.add(token);
  }

  rotateRefreshToken(
    hash: string,
    next: { hash: string; expiresAt: number },
    now: number,
  ): Promise<RotationResult> {
    return this.#tokens.rotate(hash, next, now);
  }

  revokeRefreshToken(hash: string): Promise<void> {
    return this.#tokens.revoke(hash);
  }

  /** Nothing to do: Redis forgets each token by itself, soon after its end. */
  async removeExpiredRefreshTokens(): Promise<void> {}

  async #claim(email: string, userId: string): Promise<boolean> {
    const answer = await claim.run(this.#redis, [email], [userId]);
    const [present, ageMs] = answer as [string, number];
    const claimant = claimantOf(present);
    if (claimant === userId) return true;
    if (ageMs < this.#claimGraceMs) return false;
    if ((await mark.run(this.#redis, [userKey(claimant)], [])) !== 1) return false;
    return (await takeOver.run(this.#redis, [email], [present, userId])) === 1;
  }
}

/** A claim is the time it was made, a space, and the user's id. */
function claimantOf(present: string): string {
  return present.slice(present.indexOf(' ') + 1);
}

function userOf(fields: Record<string, string>): User | null {
  const { id, email, name, passwordHash, roles, createdAt } = fields;
  // No hash at all, or the mark of a registration that was abandoned.
  if (id === undefined) return null;
  return {
    id,
    email: email!,
    name: name!,
    passwordHash: passwordHash!,
    roles: JSON.parse(roles!) as string[],
    createdAt: Number(createdAt),
  };
}

function userKey(userId: string): string {
  return `user:${userId}`;
}

function emailKey(email: string): string {
  return `email:${email.toLowerCase()}`;
}
