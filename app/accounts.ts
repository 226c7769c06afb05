// Accounts: registration, log-in, refresh tokens and profiles. Only hashes of passwords and refresh
// tokens are stored. Log-ins get the same replies, in the same time, whether or not the account
// exists (A1, A3).

import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { WarningLog } from '../events/warning-log.ts';
import type { AccountStore, User } from '../storage/ports/accounts.ts';
import type { MediaStore } from '../storage/ports/media.ts';
import type { FollowCounts, FollowStore } from '../storage/ports/follows.ts';
import type { ActionOutcome, ActionParams } from '../contracts/actions.ts';
import {
  LogIn,
  Register,
  type AccountSession,
  type OwnProfile,
  type PublicProfile,
  type Session,
} from '../contracts/accounts.ts';
import type { Picture } from '../contracts/media.ts';
import { compileCheck } from '../contracts/check.ts';
import { canonicalEmail } from './email-address.ts';
import { picturesOf } from './media-views.ts';
import type { LogInAttempts } from './log-in-attempts.ts';
import type { AccountMail } from './mail/account-mail.ts';
import { opaqueString, type Passwords } from './passwords.ts';
import type { RandomBytes } from './random-bytes.ts';
import type { SecondFactors } from './second-factors.ts';
import { NOTHING_HIDDEN } from './selling-rules.ts';
import { rolesOf, type Sessions, type SessionTokens } from './sessions.ts';

export interface AccountsOptions {
  readonly accounts: AccountStore;
  readonly follows: FollowStore;
  readonly media: Pick<MediaStore, 'findAll'>;
  readonly mail: AccountMail;
  readonly passwords: Passwords;
  readonly attempts: LogInAttempts;
  readonly sessionsOf: Sessions;
  readonly secondFactors: SecondFactors;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of the monotonic clock, for limits and intervals. */
  readonly monotonic: () => number;
  readonly random: RandomBytes;
  readonly log: WarningLog;
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isHidden'>;
}

const CLEANING_INTERVAL_MS = 60 * 60 * 1_000;
/** Of a new user: nothing that may fail is read after the account is made (A1a). */
const NO_FOLLOWS: FollowCounts = { followers: 0, following: 0 };

/** Shown for accounts that were deleted. */
const REMOVED_NAME = 'Deleted account';

const CODE_NEEDED = refusal('second-factor-required');
const WRONG_CODE = refusal('second-factor-required', 'The code is wrong, or was used.');

const checkRegister = compileCheck(Register);
const checkLogIn = compileCheck(LogIn);

export class Accounts {
  readonly #options: AccountsOptions;
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
      ...(params.language === 'de' && { language: params.language }),
    };
    const { stored, ...tokens } = await sessionsOf.begin(user, params.device ?? '');
    if (!(await accounts.addUser(user, stored))) return refusal('email-taken');
    await this.#askToConfirm(user);
    return success(sessionOf(ownProfile(user, NO_FOLLOWS), tokens));
  }

  async login(params: ActionParams<'accounts.login'>): Promise<ActionOutcome<'accounts.login'>> {
    const { accounts, sessionsOf, secondFactors, passwords, attempts } = this.#options;
    const { code } = params;
    const email = canonicalEmail(params.email);
    if (!checkLogIn({ email, password: params.password }).ok) return refusal('unauthenticated');
    const spent = attempts.take(email, params.address);
    if (spent !== null) return spent;
    const user = await accounts.findUserByEmail(email);
    const verified = await passwords.verify(
      user === null ? null : user.passwordHash,
      params.password,
    );
    if (!verified.ok) return verified;
    if (user === null || !verified.value) return refusal('unauthenticated');
    const operator = await secondFactors.accountOf(user.id);
    if (operator !== null && code !== undefined && !(await secondFactors.use(operator, code)))
      return WRONG_CODE;
    attempts.giveBack(email, params.address);
    if (operator !== null && code === undefined) return CODE_NEEDED;
    await this.#cleanNowAndThen();
    const { stored, ...tokens } = await sessionsOf.begin(user, params.device ?? '', operator);
    await accounts.addRefreshToken(stored);
    await sessionsOf.endSuperfluous(user.id);
    // Meanwhile the password may have changed, or the account be gone or have become an operator's.
    const present = await accounts.findUser(user.id);
    const grantId = (await secondFactors.accountOf(user.id))?.grantId;
    if (present?.passwordHash !== user.passwordHash || grantId !== operator?.grantId) {
      await sessionsOf.endOf(tokens.refreshToken);
      return refusal('unauthenticated');
    }
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

  async profile(userId: string): Promise<Outcome<PublicProfile>> {
    const { hidden = NOTHING_HIDDEN } = this.#options;
    if (hidden.isHidden({ creatorId: userId })) return refusal('not-found');
    const user = await this.#options.accounts.findUser(userId);
    if (user === null) return await this.#removedProfile(userId);
    const counts = await this.#options.follows.counts(userId);
    return success(publicProfile(user, counts, await this.#pictureOf(user)));
  }

  /** In the order of the ids; null for who is not to be shown. */
  async profiles(userIds: readonly string[]): Promise<Outcome<readonly (PublicProfile | null)[]>> {
    const { accounts, follows, hidden = NOTHING_HIDDEN } = this.#options;
    const [users, counts] = await Promise.all([
      accounts.findUsers(userIds),
      follows.countsOf(userIds),
    ]);
    const avatarIds = [...users.values()].flatMap(({ avatarMediaId }) => avatarMediaId ?? []);
    const pictures = await picturesOf(this.#options.media, avatarIds);
    const profile = async (id: string): Promise<PublicProfile | null> => {
      if (hidden.isHidden({ creatorId: id })) return null;
      const user = users.get(id);
      if (user !== undefined)
        return publicProfile(user, counts.get(id)!, pictures.get(user.avatarMediaId ?? ''));
      const removed = await this.#removedProfile(id);
      return removed.ok ? removed.value : null;
    };
    return success(await Promise.all(userIds.map(profile)));
  }

  async me(userId: string): Promise<Outcome<OwnProfile>> {
    const user = await this.#options.accounts.findUser(userId);
    return user === null ? refusal('not-found') : success(await this.#ownProfile(user));
  }

  async #removedProfile(id: string): Promise<Outcome<PublicProfile>> {
    const removed = await this.#options.accounts.findRemovedUser(id);
    if (removed === null) return refusal('not-found');
    const counts = { followerCount: 0, followingCount: 0 };
    return success({ id, name: REMOVED_NAME, ...counts, ...removed, deleted: true });
  }

  /** The account is made: what hinders the mail does not hinder the answer (A1a). */
  async #askToConfirm(user: User): Promise<void> {
    const { mail, log } = this.#options;
    try {
      await mail.send(user, 'confirm-email');
    } catch (error) {
      log.warn({ err: error }, 'a mail to confirm an address could not be queued');
    }
  }

  async #ownProfile(user: User): Promise<OwnProfile> {
    const { follows, secondFactors } = this.#options;
    const roles = rolesOf(user, await secondFactors.accountOf(user.id));
    const [counts, picture] = await Promise.all([follows.counts(user.id), this.#pictureOf(user)]);
    return ownProfile({ ...user, roles }, counts, picture);
  }

  async #pictureOf({ avatarMediaId }: User): Promise<Picture | undefined> {
    if (avatarMediaId === undefined) return undefined;
    return (await picturesOf(this.#options.media, [avatarMediaId])).get(avatarMediaId);
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

function publicProfile(user: User, counts: FollowCounts, picture?: Picture): PublicProfile {
  const { id, name, createdAt } = user;
  const { followers: followerCount, following: followingCount } = counts;
  return { id, name, followerCount, followingCount, createdAt, ...(picture && { picture }) };
}

function ownProfile(user: User, counts: FollowCounts, picture?: Picture): OwnProfile {
  const { email, emailConfirmed = false, roles } = user;
  return { ...publicProfile(user, counts, picture), email, emailConfirmed, roles };
}
