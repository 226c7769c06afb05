// Mails to users (R4): each is a link that is stored and a job that sends it. The job has no
// address and no token: it reads the address with the link, and derives the token again. So a mail
// survives crashes, is sent at least once, and is gone with the account.

import type { Language } from '../../contracts/languages.ts';
import type { Job } from '../../contracts/jobs.ts';
import { INVITATION_LIFETIME_MS } from '../../contracts/organisations.ts';
import type { Outcome, Refusal } from '../../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../../domain/ids.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import { type JobHandler, JobStepError } from '../../events/jobs/job-handler.ts';
import type { JobQueue } from '../../events/jobs/job-queue.ts';
import { MailRefusedError, type MailSender } from '../../events/mail/mail-sender.ts';
import type { AccountLinkStore, LinkPurpose } from '../../storage/ports/account-links.ts';
import type { User } from '../../storage/ports/accounts.ts';
import type { RandomBytes } from '../random-bytes.ts';
import { linkHash, type LinkTokens } from './link-tokens.ts';
import { type MailTemplate, mailText } from './mail-texts.ts';

const KIND = 'send-mail';
const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
/** To one address in one hour of the clock, in the whole cluster. */
export const MAILS_PER_HOUR_MAX = 5;

const TOO_MANY_MAILS = refusal(
  'rate-limited',
  'Too many mails to this address: try again in an hour.',
);

interface Purpose {
  readonly purpose: LinkPurpose;
  readonly lifetimeMs: number;
  /** The page of the shop that the link opens. Null: there is no link. */
  readonly page: string | null;
}

const PURPOSES: Readonly<Record<MailTemplate, Purpose>> = {
  'confirm-email': { purpose: 'confirm', lifetimeMs: 3 * DAY_MS, page: '/confirm-email' },
  'reset-password': { purpose: 'reset', lifetimeMs: HOUR_MS, page: '/reset-password' },
  'change-email': { purpose: 'change', lifetimeMs: DAY_MS, page: '/confirm-email' },
  'email-changed': { purpose: 'notice', lifetimeMs: DAY_MS, page: null },
  'password-changed': { purpose: 'notice', lifetimeMs: DAY_MS, page: null },
  'webhook-disabled': { purpose: 'notice', lifetimeMs: DAY_MS, page: null },
  invitation: { purpose: 'invite', lifetimeMs: INVITATION_LIFETIME_MS, page: '/invitation' },
};

/** The params of a job. */
interface Params {
  readonly userId: string;
  readonly linkId: string;
  readonly template: MailTemplate;
  readonly language: Language;
}

/** A user, or in whose name a link is mailed. */
export type Recipient = Pick<User, 'id' | 'email' | 'credentials' | 'language'>;

export interface AccountMailOptions {
  readonly accountLinks: AccountLinkStore;
  readonly linkTokens: LinkTokens;
  readonly queue: JobQueue;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

export class AccountMail {
  readonly #options: AccountMailOptions;

  constructor(options: AccountMailOptions) {
    this.#options = options;
  }

  /**
   * The mail is durable when this resolves. With a `linkId` it is sent once for that, however often
   * it is asked for within the hour. Refuses `rate-limited` past `MAILS_PER_HOUR_MAX`, `overloaded`
   * where too many wait; then a link that was there before stays.
   */
  async send(
    user: Recipient,
    template: MailTemplate,
    options: { to?: string; language?: Language | null; linkId?: string } = {},
  ): Promise<Outcome<null>> {
    const { accountLinks, linkTokens, queue, now, random } = this.#options;
    const at = now();
    const { to = user.email, language = null } = options;
    const linkId = options.linkId ?? makeId('l', at, random(ID_RANDOM_BYTES));
    const { purpose, lifetimeMs, page } = PURPOSES[template];
    const hash = page === null ? '' : linkHash(linkTokens.tokenOf(user.id, linkId));
    const expiresAt = at + lifetimeMs;
    const { credentials = 0 } = user;
    const link = { id: linkId, userId: user.id, purpose, hash, email: to, credentials, expiresAt };
    const isLinked =
      options.linkId !== undefined && (await accountLinks.find(user.id, linkId)) !== null;
    await accountLinks.add(link, at);
    const refused = async (why: Refusal): Promise<Refusal> => {
      if (!isLinked) await accountLinks.remove(user.id, linkId);
      return why;
    };
    const params: Params = {
      userId: user.id,
      linkId,
      template,
      language: language ?? user.language ?? 'en',
    };
    // Ids are taken one after the other: the same hour has no more than these.
    const hour = `${linkTokens.keyOfAddress(to)}_${Math.floor(at / HOUR_MS)}`;
    for (let i = 0; i < MAILS_PER_HOUR_MAX; i++) {
      const added = await queue.add({
        id: `mail_${hour}_${i}`,
        kind: KIND,
        // Nobody's id: who takes a session over must not find the mail that tells of it.
        callerId: `mail/${user.id}`.slice(0, 128),
        subject: template,
        params,
        total: 1,
      });
      if (!added.ok) return await refused(added);
      const isSent = (added.value.params as Params).linkId === linkId;
      if (added.replayed !== true || isSent) return success(null);
    }
    return await refused(TOO_MANY_MAILS);
  }
}

export interface SendMailOptions {
  readonly accountLinks: AccountLinkStore;
  readonly linkTokens: LinkTokens;
  readonly sender: MailSender;
  /** The address of the shop's pages, without a slash at its end. */
  readonly publicUrl: () => string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class SendMailHandler implements JobHandler {
  readonly kind = KIND;
  readonly concurrency = 2;
  readonly #options: SendMailOptions;

  constructor(options: SendMailOptions) {
    this.#options = options;
  }

  /** The whole job. Sends nothing where the link has ended, or went with its account. */
  async step(job: Job): Promise<JobStep> {
    const { accountLinks, linkTokens, sender, publicUrl, now } = this.#options;
    const { userId, linkId, template, language } = job.params as Params;
    const link = await accountLinks.find(userId, linkId);
    if (link === null || link.expiresAt <= now()) return DONE;
    const { page } = PURPOSES[template];
    // In the fragment, which browsers send to nobody and which no log has.
    const url =
      page === null ? null : `${publicUrl()}${page}#token=${linkTokens.tokenOf(userId, linkId)}`;
    const text = mailText(template, language, url);
    try {
      await sender.send({ ...text, id: linkId, to: link.email, language });
    } catch (error) {
      if (!(error instanceof MailRefusedError)) throw error;
      throw new JobStepError('The mail server refused it for good.', { isFinal: true });
    }
    return DONE;
  }
}

const DONE: JobStep = {
  cursor: null,
  progress: { done: 1, refused: {}, left: 0 },
  isLast: true,
};
