// Accounts: registration, log-in, refresh tokens and profiles. Only hashes of passwords and refresh
// tokens are stored. Log-ins get the same replies, in the same time, whether or not the account
// exists (A1, A3).

import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { RateLimiter, type RatePolicy } from '../domain/rate-limiter.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { AccountStore, User } from '../storage/ports/accounts.ts';
import type { FollowCounts, FollowStore } from '../storage/ports/follows.ts';
import type { ActionOutcome, ActionParams } from '../contracts/actions.ts';
import {
  LogIn,
  PasswordChange,
  Register,
  type AccountSession,
  type AttemptsSpent,
  type OwnProfile,
  type PublicProfile,
  type Session,
} from '../contracts/accounts.ts';
import { compileCheck } from '../contracts/check.ts';
import { canonicalEmail } from './email-address.ts';
import { opaqueString, type Passwords } from './passwords.ts';
import type { RandomBytes } from './random-bytes.ts';
import type { Sessions, SessionTokens } from './sessions.ts';

export interface AccountsOptions {
  readonly accounts: AccountStore;
  readonly follows: FollowStore;
  readonly passwords: Passwords;
  readonly sessionsOf: Sessions;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of the monotonic clock, for limits and intervals. */
  readonly monotonic: () => number;
  readonly random: RandomBytes;
  /** False turns off the limits on log-in. */
  readonly rateLimits: boolean;
}

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
const checkPasswordChange = compileCheck(PasswordChange);
const WRONG_PASSWORD = refusal('forbidden', 'The current password is wrong.');

export class Accounts {
  readonly #options: AccountsOptions;
  readonly #accountLimiter = new RateLimiter({ policy: ACCOUNT_LIMIT, keysMax: KEYS_MAX });
  readonly #addressLimiter = new RateLimiter({ policy: ADDRESS_LIMIT, keysMax: KEYS_MAX });
  #cleanedAt = -Infinity;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  async register(params: ActionParams<'accounts.register'>): Promise<Outcome<Session>> {
    const { accounts, sessionsOf, passwords, now, random } = this.#options;
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
    const { stored, ...tokens } = await sessionsOf.begin(user, params.device ?? '');
    if (!(await accounts.addUser(user, stored))) return refusal('email-taken');
    return success(sessionOf(ownProfile(user, NO_FOLLOWS), tokens));
  }

  async login(params: ActionParams<'accounts.login'>): Promise<ActionOutcome<'accounts.login'>> {
    const { accounts, sessionsOf, passwords, monotonic, rateLimits } = this.#options;
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
    if (rateLimits) this.#giveBackAttempt(email, params.address);
    await this.#cleanNowAndThen();
    const { stored, ...tokens } = await sessionsOf.begin(user, params.device ?? '');
    await accounts.addRefreshToken(stored);
    await sessionsOf.endSuperfluous(user.id);
    return success(sessionOf(await this.#ownProfile(user), tokens));
  }

  /** The same token may come again for `REPEAT_GRACE_MS`, and gives the same new one. */
  async refresh(refreshToken: string): Promise<Outcome<Session>> {
    await this.#cleanNowAndThen();
    const continued = await this.#options.sessionsOf.continue(refreshToken);
    if (continued === null) return refusal('unauthenticated');
    return success(sessionOf(await this.#ownProfile(continued.user), continued.tokens));
  }

  async logout(refreshToken: string): Promise<Outcome<null>> {
    await this.#options.sessionsOf.endOf(refreshToken);
    return success(null);
  }

  async sessions({
    userId,
    sessionId,
  }: ActionParams<'accounts.sessions'>): Promise<Outcome<readonly AccountSession[]>> {
    return success(await this.#options.sessionsOf.list(userId, sessionId));
  }

  async endSession(params: ActionParams<'accounts.endSession'>): Promise<Outcome<null>> {
    return await this.#options.sessionsOf.end(params.userId, params.endedId);
  }

  async endOtherSessions({
    userId,
    sessionId,
  }: ActionParams<'accounts.endOtherSessions'>): Promise<Outcome<null>> {
    await this.#options.sessionsOf.endOthers(userId, sessionId);
    return success(null);
  }

  /** The caller's session goes on; all others end, also those that begin meanwhile. */
  async changePassword(
    params: ActionParams<'accounts.changePassword'>,
  ): Promise<ActionOutcome<'accounts.changePassword'>> {
    const { accounts, sessionsOf, passwords } = this.#options;
    const { userId, sessionId } = params;
    const newPassword = opaqueString(params.newPassword);
    const checked = checkPasswordChange({ currentPassword: params.currentPassword, newPassword });
    if (!checked.ok) return checked;
    const user = await accounts.findUser(userId);
    if (user === null) return refusal('not-found');
    const verified = await this.#verifyPassword(user, params.currentPassword, params.address);
    if (!verified.ok) return verified;
    const hashed = await passwords.hash(newPassword);
    if (!hashed.ok) return hashed;
    // First, so that a crash in between leaves nobody in who should be out.
    await sessionsOf.endOthers(userId, sessionId);
    if (!(await accounts.changeUser(userId, user.passwordHash, { passwordHash: hashed.value })))
      return WRONG_PASSWORD;
    if (sessionId !== undefined)
      await sessionsOf.keep(userId, sessionId, (user.credentials ?? 0) + 1);
    await sessionsOf.endOthers(userId, sessionId);
    return success(null);
  }

  /** Counts as an attempt to log in where it is wrong (A3). */
  async #verifyPassword(
    { email, passwordHash }: User,
    password: string,
    address: string,
  ): Promise<AttemptsSpent | Outcome<null>> {
    const { passwords, monotonic, rateLimits } = this.#options;
    const spent = rateLimits ? this.#takeAttempt(email, address, monotonic()) : null;
    if (spent !== null) return spent;
    const verified = await passwords.verify(passwordHash, password);
    if (!verified.ok) return verified;
    if (!verified.value) return WRONG_PASSWORD;
    if (rateLimits) this.#giveBackAttempt(email, address);
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

  #giveBackAttempt(email: string, address: string): void {
    this.#accountLimiter.giveBack(email);
    this.#addressLimiter.giveBack(address);
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

function sessionOf(user: OwnProfile, tokens: SessionTokens): Session {
  return { user, ...tokens };
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
