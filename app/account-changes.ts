// Changes of one's own account that need the password or a mailed link: the password and the e-mail
// address (A7). A link is good for the address and the password that the account had when it was
// made, so a repeated or an old one changes nothing.

import type { ActionOutcome, ActionParams } from '../contracts/actions.ts';
import { type AttemptsSpent, NewPassword, PasswordChange } from '../contracts/accounts.ts';
import { compileCheck } from '../contracts/check.ts';
import type { Language } from '../contracts/languages.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { WarningLog } from '../events/warning-log.ts';
import type { AccountLink, AccountLinkStore } from '../storage/ports/account-links.ts';
import type { ApiKeyStore } from '../storage/ports/api-keys.ts';
import type { AccountStore, User } from '../storage/ports/accounts.ts';
import type { OrganisationStore } from '../storage/ports/organisations.ts';
import { canonicalEmail } from './email-address.ts';
import type { LogInAttempts } from './log-in-attempts.ts';
import type { AccountDeletion } from './jobs/delete-account.ts';
import { removeInvitationsTo } from './jobs/leave-organisations.ts';
import type { AccountMail } from './mail/account-mail.ts';
import { CONFIRM_LINKS, followLink, RESET_LINKS } from './mail/followed-link.ts';
import { opaqueString, type Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';

export interface AccountChangesOptions {
  readonly accounts: AccountStore;
  readonly accountLinks: AccountLinkStore;
  readonly apiKeys: Pick<ApiKeyStore, 'removeAll'>;
  readonly sessionsOf: Sessions;
  readonly mail: AccountMail;
  readonly organisations: OrganisationStore;
  readonly deletion: AccountDeletion;
  readonly passwords: Passwords;
  readonly attempts: LogInAttempts;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly log: WarningLog;
}

/** Forgotten passwords that are looked for at once. */
const FORGOTTEN_MAX = 100;

const checkPasswordChange = compileCheck(PasswordChange);
const checkNewPassword = compileCheck(NewPassword);
const WRONG_PASSWORD = refusal('forbidden', 'The password is wrong.');
const DEAD_LINK = refusal('forbidden', 'The link was used, or has ended: ask for another one.');

export class AccountChanges {
  readonly #options: AccountChangesOptions;
  #forgotten = 0;

  constructor(options: AccountChangesOptions) {
    this.#options = options;
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
    if (!(await accounts.changeUser(user, { passwordHash: hashed.value }))) return WRONG_PASSWORD;
    if (sessionId !== undefined)
      await sessionsOf.keep(userId, sessionId, (user.credentials ?? 0) + 1);
    await sessionsOf.endOthers(userId, sessionId);
    await this.#notify(user, 'password-changed');
    return success(null);
  }

  /** Answers at once, so that nobody learns by the time whether there is an account. */
  async forgotPassword({
    email,
    language,
  }: ActionParams<'accounts.forgotPassword'>): Promise<Outcome<null>> {
    if (this.#forgotten >= FORGOTTEN_MAX) return refusal('overloaded');
    this.#forgotten += 1;
    void this.#mailReset(canonicalEmail(email), language ?? null).finally(() => {
      this.#forgotten -= 1;
    });
    return success(null);
  }

  /** Ends all sessions. Whoever got the link has shown to receive mail at the address. */
  async resetPassword(params: ActionParams<'accounts.resetPassword'>): Promise<Outcome<null>> {
    const { accounts, accountLinks, sessionsOf, passwords } = this.#options;
    const newPassword = opaqueString(params.newPassword);
    const checked = checkNewPassword({ token: params.token, newPassword });
    if (!checked.ok) return checked;
    const found = await followLink(this.#options, params.token, RESET_LINKS);
    if (found === null) return DEAD_LINK;
    const { user, link } = found;
    const hashed = await passwords.hash(newPassword);
    if (!hashed.ok) return hashed;
    await sessionsOf.endOthers(user.id, undefined);
    const change = { passwordHash: hashed.value, emailConfirmed: true } as const;
    if (!(await accounts.changeUser(user, change))) return DEAD_LINK;
    await sessionsOf.endOthers(user.id, undefined);
    await accountLinks.remove(user.id, link.id);
    await this.#notify(user, 'password-changed');
    return success(null);
  }

  async confirmEmail({ token }: ActionParams<'accounts.confirmEmail'>): Promise<Outcome<null>> {
    const found = await followLink(this.#options, token, CONFIRM_LINKS);
    if (found === null) return DEAD_LINK;
    const { user, link } = found;
    if (user.email !== link.email) return await this.#moveTo(user, link);
    const { accounts, accountLinks } = this.#options;
    const changed = await accounts.changeUser(user, { emailConfirmed: true });
    if (!changed) return refusal('unavailable', 'The account is changing.');
    await accountLinks.remove(user.id, link.id);
    return success(null);
  }

  async sendConfirmation({
    userId,
    language,
  }: ActionParams<'accounts.sendConfirmation'>): Promise<Outcome<null>> {
    const { accounts, mail } = this.#options;
    const user = await accounts.findUser(userId);
    if (user === null) return refusal('not-found');
    if (user.emailConfirmed === true) return success(null);
    return await mail.send(user, 'confirm-email', { language: language ?? null });
  }

  /** The address changes when the mail to the new one is answered. */
  async changeEmail(
    params: ActionParams<'accounts.changeEmail'>,
  ): Promise<ActionOutcome<'accounts.changeEmail'>> {
    const { accounts, mail } = this.#options;
    const user = await accounts.findUser(params.userId);
    if (user === null) return refusal('not-found');
    const verified = await this.#verifyPassword(user, params.password, params.address);
    if (!verified.ok) return verified;
    const to = canonicalEmail(params.email);
    if (to === user.email) return refusal('invalid-request', 'It is the present address.');
    if ((await accounts.findUserByEmail(to)) !== null) return refusal('email-taken');
    return await mail.send(user, 'change-email', { to, language: params.language ?? null });
  }

  /**
   * From then on nobody is in, no API key is good, and the address is free. The rest goes in the
   * background, and ends whatever happens. Refuses `drops-not-over`, `last-owner`.
   */
  async deleteAccount(
    params: ActionParams<'accounts.delete'>,
  ): Promise<ActionOutcome<'accounts.delete'>> {
    const { accounts, apiKeys, sessionsOf, deletion } = this.#options;
    const user = await accounts.findUser(params.userId);
    if (user === null) return refusal('not-found');
    const verified = await this.#verifyPassword(user, params.password, params.address);
    if (!verified.ok) return verified;
    const begun = await deletion.begin(user.id);
    if (!begun.ok) return begun;
    // The job does all of this as well, now or later.
    await sessionsOf.endOthers(user.id, undefined);
    for (const id of [user.id, ...begun.value]) await apiKeys.removeAll(id);
    await removeInvitationsTo(this.#options, user.email);
    await accounts.removeUser(user.id);
    return success(null);
  }

  async #moveTo(user: User, link: AccountLink): Promise<Outcome<null>> {
    const { accounts, accountLinks, mail } = this.#options;
    const outcome = await accounts.changeEmail(user, link.email);
    if (outcome === 'taken') return refusal('email-taken');
    if (outcome === 'overtaken') return refusal('unavailable', 'The account is changing.');
    await mail.send(user, 'email-changed', { to: user.email });
    await accountLinks.remove(user.id, link.id);
    return success(null);
  }

  /** Never rejects. */
  async #mailReset(email: string, language: Language | null): Promise<void> {
    const { accounts, mail, log } = this.#options;
    try {
      const user = await accounts.findUserByEmail(email);
      if (user !== null) await mail.send(user, 'reset-password', { language });
    } catch (error) {
      log.warn({ err: error }, 'a mail for a forgotten password could not be queued');
    }
  }

  /** The change is made: what hinders the mail does not hinder the answer. */
  async #notify(user: User, template: 'password-changed'): Promise<void> {
    const { mail, log } = this.#options;
    try {
      await mail.send(user, template);
    } catch (error) {
      log.warn({ err: error, template }, 'a mail could not be queued');
    }
  }

  /** Counts as an attempt to log in where it is wrong (A3). */
  async #verifyPassword(
    { email, passwordHash }: User,
    password: string,
    address: string,
  ): Promise<AttemptsSpent | Outcome<null>> {
    const { passwords, attempts } = this.#options;
    const spent = attempts.take(email, address);
    if (spent !== null) return spent;
    const verified = await passwords.verify(passwordHash, password);
    if (!verified.ok) return verified;
    if (!verified.value) return WRONG_PASSWORD;
    attempts.giveBack(email, address);
    return success(null);
  }
}
