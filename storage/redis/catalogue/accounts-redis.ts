// Accounts on Redis: `email:<address in lower case>` has the user id of the address, and the user
// is a hash in its bucket (`accounts-redis-users.ts`). The two are in different slots. So a
// registration first claims the address, then writes the user, in one step with the record of the
// change. A claim without a user belongs to a registration in progress, or was left by a crash.
// When the claim is old enough, another registration takes it over. It first writes a mark in the
// place of the missing user: a registration that was only slow then finds its place taken and
// fails. So two registrations never both succeed, whatever the clocks say. The age only decides
// when to try. A younger claim without a user is waited for, briefly: it is not an account yet.
// Last of all comes the user, after the first refresh token, which is worth nothing without one. So
// a registration that dies at any point leaves nothing that can be seen. A user who changes the
// address claims the new one in the same way. Such a claim counts only once the user has the
// address; where it is taken over, the user's fence rises, and the slow change finds that.

import { setTimeout as wait } from 'node:timers/promises';
import { assert } from '../../../domain/assert.ts';
import {
  type AccountStore,
  type CreatorProfile,
  type RefreshToken,
  type RotationResult,
  type TokenFamily,
  type User,
  type UserAsRead,
  type UserChange,
  userOfProfile,
} from '../../ports/accounts.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { RedisRefreshTokens } from './accounts-redis-tokens.ts';
import { RedisUsers } from './accounts-redis-users.ts';
import type { EntityParts } from './entity-parts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Longer than a living registration waits for Redis. */
const CLAIM_GRACE_MS = 15_000;
/** How often another's claim without a user is looked at again, and the pause before it. */
const CLAIM_ROUNDS_MAX = 10;
const CLAIM_PAUSE_MS = 50;
const USERS_MAX = 100;

/**
 * KEYS: e-mail. ARGV: user id. Answers the present claim of the address, and its age in
 * milliseconds by this server's clock. The user's own claim is made again, with the present time:
 * who found the earlier one old does not take it over any more.
 */
const claim = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local present = redis.call('GET', KEYS[1])
if not present or present:match('^%d+ (.*)$') == ARGV[1] then
  present = string.format('%.0f ', now) .. ARGV[1]
  redis.call('SET', KEYS[1], present)
end
return {present, now - tonumber(present:match('^%d+'))}`);

/** KEYS: e-mail. ARGV: the claim to replace, user id. */
const takeOver = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], string.format('%.0f ', now) .. ARGV[2])
return 1`);

/** KEYS: e-mail. ARGV: user id. Frees the address if the claim is the user's. */
const free = new Script(`
local present = redis.call('GET', KEYS[1])
if present and present:match('^%d+ (.*)$') == ARGV[1] then redis.call('DEL', KEYS[1]) end`);

export interface RedisAccountStoreOptions extends EntityParts {
  /** Milliseconds since the Unix epoch. Only decides how long expired refresh tokens are stored. */
  readonly now: () => number;
  /** Age from which a claim of an e-mail without a user may be taken over. */
  readonly claimGraceMs?: number;
}

export class RedisAccountStore implements AccountStore {
  readonly #redis: RedisConnection;
  readonly #claimGraceMs: number;
  readonly #users: RedisUsers;
  readonly #tokens: RedisRefreshTokens;

  constructor(options: RedisAccountStoreOptions) {
    this.#redis = options.redis;
    this.#claimGraceMs = options.claimGraceMs ?? CLAIM_GRACE_MS;
    this.#users = new RedisUsers(options);
    this.#tokens = new RedisRefreshTokens(options);
  }

  async addUser(user: User, first?: RefreshToken): Promise<boolean> {
    if (!(await this.#claimOrWait(user.email, user.id))) return false;
    if (first !== undefined) await this.#tokens.add(first);
    const created = await this.#users.create(user);
    if (!created && first !== undefined) await this.#tokens.revokeFamily(first.familyId);
    return created;
  }

  async addProfile(profile: CreatorProfile): Promise<void> {
    await this.#users.create(userOfProfile(profile));
  }

  async findUser(userId: string): Promise<User | null> {
    const [user] = await this.#users.find([userId]);
    return user ?? null;
  }

  /** As `namesOf`. */
  async findUsers(userIds: readonly string[]): Promise<Map<string, User>> {
    assert(userIds.length <= USERS_MAX, 'too many users asked for at once');
    const users = await this.#users.find(userIds);
    return new Map(users.flatMap((user) => (user === null ? [] : [[user.id, user]])));
  }

  async findUserByEmail(email: string): Promise<User | null> {
    const present = await answerOf(this.#redis.get(emailKey(email)));
    if (present === null) return null;
    const user = await this.findUser(claimantOf(present));
    // A claim of an address that is not the user's yet, or no more.
    return user === null || emailKey(user.email) !== emailKey(email) ? null : user;
  }

  /** One command for each user, because each is in a slot of its own. */
  async namesOf(userIds: readonly string[]): Promise<Map<string, string>> {
    assert(userIds.length <= USERS_MAX, 'too many names asked for at once');
    const names = await this.#users.names(userIds);
    const found = new Map<string, string>();
    for (const [i, name] of names.entries()) if (name !== null) found.set(userIds[i]!, name);
    return found;
  }

  changeUser(user: UserAsRead, change: UserChange): Promise<boolean> {
    return this.#users.change(user, change);
  }

  /**
   * Claims the new address, then changes the user, then frees the old one. The fence is read first:
   * where this call is so slow that another takes the claim over, the fence has risen.
   */
  async changeEmail(user: UserAsRead, email: string): Promise<'changed' | 'taken' | 'overtaken'> {
    const fence = await this.#users.fence(user.id);
    if (fence === null) return 'overtaken';
    if (!(await this.#claimOrWait(email, user.id))) return 'taken';
    if (!(await this.#users.changeEmail(user, email, fence))) return 'overtaken';
    if (emailKey(user.email) !== emailKey(email)) await this.#free(user.email, user.id);
    return 'changed';
  }

  async #free(email: string, userId: string): Promise<void> {
    await free.run(this.#redis, [emailKey(email)], [userId]);
  }

  /** First the user, then the address, which is then a claim of nobody until it is freed. */
  async removeUser(userId: string): Promise<void> {
    const email = await this.#users.remove(userId);
    if (email === null) return;
    await this.#free(email, userId);
    await this.#users.forgetEmail(userId);
  }

  findRemovedUser(userId: string): Promise<{ readonly createdAt: number } | null> {
    return this.#users.findRemoved(userId);
  }

  async addRole(userId: string, role: string): Promise<void> {
    await this.#users.addRole(userId, role);
  }

  async setAvatar(userId: string, avatarMediaId: string | null): Promise<void> {
    await this.#users.setAvatar(userId, avatarMediaId);
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

  findTokenFamily(hash: string): Promise<TokenFamily | null> {
    return this.#tokens.find(hash);
  }

  revokeFamily(familyId: string): Promise<void> {
    return this.#tokens.revokeFamily(familyId);
  }

  /** Does nothing: Redis removes each token by itself, soon after its expiry. */
  async removeExpiredRefreshTokens(): Promise<void> {}

  /** False: the address is taken. */
  async #claimOrWait(email: string, userId: string): Promise<boolean> {
    let outcome = await this.#claim(email, userId);
    for (let round = 0; outcome === 'claimed by another'; round++) {
      if (round === CLAIM_ROUNDS_MAX)
        throw new StoreUnavailableError('another registration of this e-mail has not ended');
      await wait(CLAIM_PAUSE_MS);
      outcome = await this.#claim(email, userId);
    }
    return outcome === 'claimed';
  }

  /** `claimed by another`: there is no user yet, and perhaps never will be. */
  async #claim(email: string, userId: string): Promise<'claimed' | 'claimed by another' | 'taken'> {
    const key = emailKey(email);
    const answer = await claim.run(this.#redis, [key], [userId]);
    const [present, ageMs] = answer as [string, number];
    const claimant = claimantOf(present);
    if (claimant === userId) return 'claimed';
    const user = await this.findUser(claimant);
    if (user !== null && emailKey(user.email) === key) return 'taken';
    if (ageMs < this.#claimGraceMs) return 'claimed by another';
    const isFree = await (user === null
      ? this.#users.abandon(claimant)
      : this.#users.fenceEmail(claimant, email));
    if (!isFree) return 'taken';
    const answered = await takeOver.run(this.#redis, [key], [present, userId]);
    return answered === 1 ? 'claimed' : 'claimed by another';
  }
}

/** A claim is its time, a space, and the user's id. */
function claimantOf(present: string): string {
  return present.slice(present.indexOf(' ') + 1);
}

function emailKey(email: string): string {
  return `email:${email.toLowerCase()}`;
}
