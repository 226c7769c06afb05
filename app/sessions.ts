// Sessions (A1c): what each log-in begins and what its refresh tokens continue. Access tokens name
// their session, and gateways refuse those of sessions that ended: they are told over the bus, and
// the store lists ended sessions for as long as an access token lives.

import { type LiveBus, SESSIONS_TOPIC } from '../actors/live-bus.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, type AccountSession } from '../contracts/accounts.ts';
import { AUDITOR_ROLE, OPERATOR_ROLE } from '../contracts/role-names.ts';
import { DEVICE_LENGTH_MAX } from '../contracts/bounds.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { AccountStore, RefreshToken, User } from '../storage/ports/accounts.ts';
import type { OperatorAccount, OperatorAccountStore } from '../storage/ports/operator-accounts.ts';
import type { RecipientStore } from '../storage/ports/recipients.ts';
import { SESSIONS_PER_USER_MAX, type SessionStore } from '../storage/ports/sessions.ts';
import type { AccessTokens } from './access-tokens.ts';
import { removeSubscriptionsOfSessions } from './push-subscriptions.ts';
import type { RandomBytes } from './random-bytes.ts';
import { refreshTokenHash, type RefreshTokens } from './refresh-tokens.ts';

export interface SessionsOptions {
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly operatorAccounts: Pick<OperatorAccountStore, 'find'>;
  /** Browsers that are reached by push, until their sessions end. */
  readonly recipients: RecipientStore;
  readonly liveBus: LiveBus;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

/** The tokens of a session, for its client. */
export interface SessionTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** A session whose refresh token is not stored yet. */
export interface NewSession extends SessionTokens {
  readonly stored: RefreshToken;
}

const REFRESH_TOKEN_LIFETIME_MS = 30 * 24 * 60 * 60 * 1_000;
/** Ended sessions are listed for as long as their access tokens live, on any node's clock. */
const ENDED_RETAINED_MS = ACCESS_TOKEN_LIFETIME_SECONDS * 1_000 + 60_000;

/** Of tokens (RFC 8176): a password, and a second factor of either kind. */
const SECOND_FACTOR_METHODS = ['pwd', 'mfa'];

const ID_PREFIX = 's';
/** Of sessions that began in versions without rows of sessions. */
const OLD_ID_PREFIX = 'rf_';
/** Controls, and what no header may have. */
const UNPRINTABLE = /[^\x20-\x7e]+/g;

export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /**
   * Stores the session but for its refresh token: without that it is worth nothing. `operator` is
   * null for a user who is none; else the second factor was given.
   */
  async begin(
    user: User,
    device: string,
    operator: OperatorAccount | null = null,
  ): Promise<NewSession> {
    const { sessions, refreshTokens, now, random } = this.#options;
    const at = now();
    const id = makeId(ID_PREFIX, at, random(ID_RANDOM_BYTES));
    const expiresAt = at + REFRESH_TOKEN_LIFETIME_MS;
    const row = {
      id,
      userId: user.id,
      device: device.replaceAll(UNPRINTABLE, ' ').slice(0, DEVICE_LENGTH_MAX).trim(),
      createdAt: at,
      usedAt: at,
      expiresAt,
      credentials: user.credentials ?? 0,
    };
    await sessions.put(row, at);
    const refreshToken = refreshTokens.first();
    const hash = refreshTokenHash(refreshToken);
    const stored = { hash, familyId: id, userId: user.id, expiresAt };
    return { ...this.#tokens(user, operator, id, refreshToken), stored };
  }

  /** Ends the sessions that a user has too many of, those that were used the longest ago. */
  async endSuperfluous(userId: string): Promise<void> {
    const rows = await this.#options.sessions.list(userId, this.#options.now());
    const superfluous = rows.slice(SESSIONS_PER_USER_MAX).map(({ id }) => id);
    await this.#end(userId, superfluous);
  }

  /** Null where the token continues no session. The same one may come again (A1a). */
  async continue(
    refreshToken: string,
  ): Promise<{ readonly user: User; readonly tokens: SessionTokens } | null> {
    const { accounts, refreshTokens, now } = this.#options;
    const next = refreshTokens.successorOf(refreshToken);
    const at = now();
    const expiresAt = at + REFRESH_TOKEN_LIFETIME_MS;
    const rotation = await accounts.rotateRefreshToken(
      refreshTokenHash(refreshToken),
      { hash: refreshTokenHash(next), expiresAt },
      at,
    );
    if (rotation.result === 'reused' || rotation.result === 'unknown') return null;
    const { userId, familyId } = rotation;
    const user = await accounts.findUser(userId);
    if (user === null) return null;
    if (!(await this.#touch(user, familyId, at, expiresAt))) return null;
    // Whoever becomes an operator loses all sessions, so this one began with the second factor.
    const operator = await this.#options.operatorAccounts.find(userId);
    return { user, tokens: this.#tokens(user, operator, familyId, next) };
  }

  /** Ends the session of a refresh token. Idempotent; ignores unknown tokens. */
  async endOf(refreshToken: string): Promise<void> {
    const family = await this.#options.accounts.findTokenFamily(refreshTokenHash(refreshToken));
    if (family !== null) await this.#end(family.userId ?? '', [family.familyId]);
  }

  /** The last used first. */
  async list(userId: string, currentId: string | undefined): Promise<AccountSession[]> {
    const rows = await this.#options.sessions.list(userId, this.#options.now());
    return rows.map(({ id, device, createdAt, usedAt: lastUsedAt, expiresAt }) => ({
      id,
      device,
      createdAt,
      lastUsedAt,
      expiresAt,
      current: id === currentId,
    }));
  }

  async end(userId: string, sessionId: string): Promise<Outcome<null>> {
    if ((await this.#options.sessions.find(userId, sessionId)) === null)
      return refusal('not-found');
    await this.#end(userId, [sessionId]);
    return success(null);
  }

  /** Ends all sessions of a user but `keptId`. */
  async endOthers(userId: string, keptId: string | undefined): Promise<void> {
    const rows = await this.#options.sessions.list(userId, this.#options.now());
    const others = rows.map(({ id }) => id).filter((id) => id !== keptId);
    await this.#end(userId, others);
  }

  /** The session goes on although the credentials changed. */
  async keep(userId: string, sessionId: string, credentials: number): Promise<void> {
    await this.#options.sessions.change(userId, sessionId, { credentials });
  }

  /** False for a session that has ended, or is older than the last change of the password. */
  async #touch(user: User, id: string, usedAt: number, expiresAt: number): Promise<boolean> {
    const { sessions } = this.#options;
    const credentials = user.credentials ?? 0;
    const row = await sessions.find(user.id, id);
    if (row === null && id.startsWith(OLD_ID_PREFIX) && credentials === 0) {
      const times = { createdAt: usedAt, usedAt, expiresAt };
      await sessions.put({ id, userId: user.id, device: '', ...times, credentials }, usedAt);
      return true;
    }
    if (row !== null && row.credentials >= credentials)
      return await sessions.change(user.id, id, { usedAt, expiresAt });
    await this.#end(user.id, [id]);
    return false;
  }

  async #end(userId: string, sessionIds: readonly string[]): Promise<void> {
    const { recipients, sessions, liveBus, now } = this.#options;
    if (sessionIds.length === 0) return;
    // First, so that what fails is done again with the rest.
    await removeSubscriptionsOfSessions(recipients, userId, sessionIds);
    const endedAt = now();
    await sessions.end(userId, sessionIds, endedAt, endedAt - ENDED_RETAINED_MS);
    liveBus.publish(SESSIONS_TOPIC, { type: 'sessions-ended', userId, sessionIds, endedAt });
  }

  #tokens(
    user: User,
    operator: OperatorAccount | null,
    sessionId: string,
    refreshToken: string,
  ): SessionTokens {
    const { id: userId } = user;
    const lifetimeSeconds = ACCESS_TOKEN_LIFETIME_SECONDS;
    const roles = rolesOf(user, operator);
    const amr = operator === null ? null : { amr: SECOND_FACTOR_METHODS };
    const claims = { userId, roles, lifetimeSeconds, sessionId, ...amr };
    const accessToken = this.#options.accessTokens.sign(claims);
    return { accessToken, refreshToken, expiresIn: lifetimeSeconds };
  }
}

/** Those of operators come from their second factor alone, whatever the account says. */
export function rolesOf(user: User, operator: OperatorAccount | null): readonly string[] {
  const roles = user.roles.filter((role) => role !== OPERATOR_ROLE && role !== AUDITOR_ROLE);
  return operator === null ? roles : [...roles, operator.role];
}
