// Accounts: registration, log-in, refresh tokens and profiles. Only hashes of passwords and refresh
// tokens are stored. Log-ins get the same replies, in the same time, whether or not the account
// exists (A1, A3).

import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { RateLimiter, type RatePolicy } from '../domain/rate-limiter.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { AccountStore, RefreshToken, User } from '../storage/ports/accounts.ts';
import type { FollowCounts, FollowStore } from '../storage/ports/follows.ts';
import type { ActionOutcome, ActionParams } from '../contracts/actions.ts';
import {
  LogIn,
  Register,
  type AttemptsSpent,
  type OwnProfile,
  type PublicProfile,
  type Session,
} from '../contracts/accounts.ts';
import { compileCheck } from '../contracts/check.ts';
import type { AccessTokens } from './access-tokens.ts';
import { canonicalEmail } from './email-address.ts';
import { opaqueString, type Passwords } from './passwords.ts';
import type { RandomBytes } from './random-bytes.ts';
import { refreshTokenHash, type RefreshTokens } from './refresh-tokens.ts';

export interface AccountsOptions {
  readonly accounts: AccountStore;
  readonly follows: FollowStore;
  readonly passwords: Passwords;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of the monotonic clock, for limits and intervals. */
  readonly monotonic: () => number;
  readonly random: RandomBytes;
  /** False turns off the limits on log-in. */
  readonly rateLimits: boolean;
}

export const ACCESS_TOKEN_LIFETIME_SECONDS = 15 * 60;
export const REFRESH_TOKEN_LIFETIME_MS = 30 * 24 * 60 * 60 * 1_000;

const CLEANING_INTERVAL_MS = 60 * 60 * 1_000;
/**
 * Failed log-ins of an account: ten in a row, then one each minute. Of an address, which many users
 * may share: thirty, then one each five seconds.
 */
const ACCOUNT_LIMIT = { name: 'failed-log-ins-account', quota: 20, windowSeconds: 600 };
const ADDRESS_LIMIT = { name: 'failed-log-ins-address', quota: 60, windowSeconds: 150 };
/** Keys in each limiter. */
const KEYS_MAX = 100_000;

/** Of a new user: nothing that may fail is read after the account is made (A1a). */
const NO_FOLLOWS: FollowCounts = { followers: 0, following: 0 };

const checkRegister = compileCheck(Register);
const checkLogIn = compileCheck(LogIn);

export class Accounts {
  readonly #options: AccountsOptions;
  readonly #accountLimiter = new RateLimiter({ policy: ACCOUNT_LIMIT, keysMax: KEYS_MAX });
  readonly #addressLimiter = new RateLimiter({ policy: ADDRESS_LIMIT, keysMax: KEYS_MAX });
  #cleanedAt = -Infinity;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  async register(params: ActionParams<'accounts.register'>): Promise<Outcome<Session>> {
    const { accounts, passwords, now, random } = this.#options;
    const email = canonicalEmail(params.email);
    const name = params.name.trim();
    // Characters are counted as they are compared.
    const password = opaqueString(params.password);
    const checked = checkRegister({ email, name, password });
    if (!checked.ok) return checked;
    const hashed = await passwords.hash(password);
    if (!hashed.ok) return hashed;
    const createdAt = now();
    const user: User = {
      id: makeId('u', createdAt, random(ID_RANDOM_BYTES)),
      email,
      name,
      passwordHash: hashed.value,
      roles: [],
      createdAt,
    };
    const { refreshToken, stored } = this.#newFamily(user);
    if (!(await accounts.addUser(user, stored))) return refusal('email-taken');
    return success(this.#session(user, ownProfile(user, NO_FOLLOWS), refreshToken));
  }

  async login(params: ActionParams<'accounts.login'>): Promise<ActionOutcome<'accounts.login'>> {
    const { accounts, passwords, monotonic, rateLimits } = this.#options;
    const email = canonicalEmail(params.email);
    if (!checkLogIn({ email, password: params.password }).ok) return refusal('unauthenticated');
    const spent = rateLimits ? this.#takeAttempt(email, params.address, monotonic()) : null;
    if (spent !== null) return spent;
    const user = await accounts.findUserByEmail(email);
    const verified = await passwords.verify(
      user === null ? null : user.passwordHash,
      params.password,
    );
    if (!verified.ok) return verified;
    if (user === null || !verified.value) return refusal('unauthenticated');
    if (rateLimits) {
      this.#accountLimiter.giveBack(email);
      this.#addressLimiter.giveBack(params.address);
    }
    await this.#cleanNowAndThen();
    const { refreshToken, stored } = this.#newFamily(user);
    await accounts.addRefreshToken(stored);
    return success(this.#session(user, await this.#ownProfile(user), refreshToken));
  }

  /** The same token may come again for `REPEAT_GRACE_MS`, and gives the same new one. */
  async refresh(refreshToken: string): Promise<Outcome<Session>> {
    const { accounts, refreshTokens, now } = this.#options;
    await this.#cleanNowAndThen();
    const next = refreshTokens.successorOf(refreshToken);
    const expiresAt = now() + REFRESH_TOKEN_LIFETIME_MS;
    const rotation = await accounts.rotateRefreshToken(
      refreshTokenHash(refreshToken),
      { hash: refreshTokenHash(next), expiresAt },
      now(),
    );
    if (rotation.result === 'reused' || rotation.result === 'unknown')
      return refusal('unauthenticated');
    const user = await accounts.findUser(rotation.userId);
    if (user === null) return refusal('unauthenticated');
    return success(this.#session(user, await this.#ownProfile(user), next));
  }

  async logout(refreshToken: string): Promise<Outcome<null>> {
    await this.#options.accounts.revokeRefreshToken(refreshTokenHash(refreshToken));
    return success(null);
  }

  async profile(userId: string): Promise<Outcome<PublicProfile>> {
    const user = await this.#options.accounts.findUser(userId);
    if (user === null) return refusal('not-found');
    return success(publicProfile(user, await this.#options.follows.counts(userId)));
  }

  async me(userId: string): Promise<Outcome<OwnProfile>> {
    const user = await this.#options.accounts.findUser(userId);
    return user === null ? refusal('not-found') : success(await this.#ownProfile(user));
  }

  #takeAttempt(email: string, address: string, now: number): AttemptsSpent | null {
    const addressWaitMs = this.#addressLimiter.take(address, now);
    if (addressWaitMs > 0) return attemptsSpent(ADDRESS_LIMIT, addressWaitMs);
    const accountWaitMs = this.#accountLimiter.take(email, now);
    if (accountWaitMs === 0) return null;
    // The account's limit refused it, so it does not count for the address.
    this.#addressLimiter.giveBack(address);
    return attemptsSpent(ACCOUNT_LIMIT, accountWaitMs);
  }

  /** The first refresh token of a session, and what is stored of it. */
  #newFamily(user: User): { refreshToken: string; stored: RefreshToken } {
    const { refreshTokens, now, random } = this.#options;
    const refreshToken = refreshTokens.first();
    const stored = {
      hash: refreshTokenHash(refreshToken),
      familyId: makeId('rf', now(), random(ID_RANDOM_BYTES)),
      userId: user.id,
      expiresAt: now() + REFRESH_TOKEN_LIFETIME_MS,
    };
    return { refreshToken, stored };
  }

  #session(user: User, profile: OwnProfile, refreshToken: string): Session {
    const accessToken = this.#options.accessTokens.sign({
      userId: user.id,
      roles: user.roles,
      lifetimeSeconds: ACCESS_TOKEN_LIFETIME_SECONDS,
    });
    const expiresIn = ACCESS_TOKEN_LIFETIME_SECONDS;
    return { user: profile, accessToken, refreshToken, expiresIn };
  }

  async #ownProfile(user: User): Promise<OwnProfile> {
    return ownProfile(user, await this.#options.follows.counts(user.id));
  }

  async #cleanNowAndThen(): Promise<void> {
    const { accounts, monotonic, now } = this.#options;
    if (monotonic() - this.#cleanedAt < CLEANING_INTERVAL_MS) return;
    this.#cleanedAt = monotonic();
    await accounts.removeExpiredRefreshTokens(now());
  }
}

function attemptsSpent(limit: RatePolicy, waitMs: number): AttemptsSpent {
  return { ok: false, code: 'rate-limited', limit, waitMs };
}

function publicProfile(user: User, { followers, following }: FollowCounts): PublicProfile {
  const { id, name, createdAt } = user;
  return { id, name, followerCount: followers, followingCount: following, createdAt };
}

function ownProfile(user: User, counts: FollowCounts): OwnProfile {
  return { ...publicProfile(user, counts), email: user.email, roles: user.roles };
}
