// What accounts need of a node with the services: passwords, sessions, and mail by SMTP or in a
// folder.

import { randomBytes } from 'node:crypto';
import type { ServiceSchema } from 'moleculer';
import type { LiveBus } from '../actors/live-bus.ts';
import { Follows } from '../app/follows.ts';
import { AccountDeletion, DeleteAccountHandler } from '../app/jobs/delete-account.ts';
import { LogInAttempts } from '../app/log-in-attempts.ts';
import { AccountMail, SendMailHandler } from '../app/mail/account-mail.ts';
import { OperatorAccounts } from '../app/operator/operator-accounts.ts';
import { LinkTokens } from '../app/mail/link-tokens.ts';
import { Passwords } from '../app/passwords.ts';
import { RefreshTokens } from '../app/refresh-tokens.ts';
import { SecondFactors } from '../app/second-factors.ts';
import { Sessions } from '../app/sessions.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { JobHandler } from '../events/jobs/job-handler.ts';
import type { JobQueue } from '../events/jobs/job-queue.ts';
import type { MailSender } from '../events/mail/mail-sender.ts';
import { FolderMailSender } from '../events/mail/mail-sender-folder.ts';
import { TracedMailSender } from '../events/mail/mail-sender-traced.ts';
import { SmtpMailSender } from '../events/mail/mail-sender-smtp.ts';
import { accountsService } from '../services/accounts.ts';
import { invitationsService, organisationsService } from '../services/organisations.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { Config } from './config.ts';
import type { NodeCoreOptions } from './node-core.ts';
import type { Tokens } from './tokens.ts';

export interface AccountParts {
  readonly handlers: readonly JobHandler[];
  readonly operators: OperatorAccounts;
  readonly followsOf: Follows;
  readonly mails: MailSender;
  /** The address of the shop's pages, without a slash at its end. */
  readonly publicUrl: () => string;
  /** Mails to users, by jobs of the queue. */
  mail(queue: JobQueue): AccountMail;
  services(queue: JobQueue): ServiceSchema[];
  /** The runner of jobs must have stopped. */
  stop(): Promise<void>;
}

export function createAccountParts(
  options: Pick<NodeCoreOptions, 'config' | 'clock' | 'log' | 'tracing'> & {
    readonly stores: Stores;
    readonly bus: LiveBus;
    readonly tokens: Tokens;
    /** Of the store. */
    readonly levels: FeatureLevels;
    readonly restrictions: RestrictionSet;
    /** The address of this node's gateway. */
    readonly url: () => string | null;
  },
): AccountParts {
  const { config, clock, log, stores, bus, tokens, levels, url } = options;
  const now = () => clock.now();
  const random = (count: number) => randomBytes(count);
  const { accessTokens, signingSecrets: secrets } = tokens;
  const refreshTokens = new RefreshTokens({ secret: secrets, now, random });
  const linkTokens = new LinkTokens({ secrets, now });
  const { tracing = null } = options;
  const untraced = createMailSender(config, now);
  const sender = tracing === null ? untraced : new TracedMailSender({ tracing, sender: untraced });
  const publicUrl = () => config.publicUrl ?? url() ?? `http://${config.host}:${config.port}`;
  const sendMail = new SendMailHandler({ ...stores, linkTokens, sender, publicUrl, now });
  const sessionsOf = new Sessions({
    ...stores,
    liveBus: bus,
    accessTokens,
    refreshTokens,
    now,
    random,
  });
  const passwords = new Passwords();
  const secondFactors = new SecondFactors({ ...stores, now, random });
  const followsOf = new Follows({ ...stores, liveBus: bus, now });
  const deleteAccount = new DeleteAccountHandler({ ...stores, sessionsOf, followsOf, now });
  const mail = (queue: JobQueue) => new AccountMail({ ...stores, linkTokens, queue, now, random });
  return {
    handlers: [sendMail, deleteAccount],
    followsOf,
    mails: sender,
    publicUrl,
    operators: new OperatorAccounts({
      ...stores,
      secondFactors,
      sessionsOf,
      passwords,
      levels,
      now,
      random,
    }),
    mail,
    services(queue) {
      const deletion = new AccountDeletion({ ...stores, queue });
      const accounts = accountsService({
        ...stores,
        sessionsOf,
        deletion,
        mail: mail(queue),
        secondFactors,
        passwords,
        attempts: new LogInAttempts({
          monotonic: () => clock.monotonic(),
          rateLimits: config.rateLimits,
        }),
        now,
        monotonic: () => clock.monotonic(),
        random,
        log,
        levels,
        hidden: options.restrictions,
      });
      const teams = { ...stores, deletion, mail: mail(queue), levels, now, random };
      return [accounts, organisationsService(teams), invitationsService(teams)];
    },
    stop: () => sender.stop(),
  };
}

function createMailSender({ mail }: Config, now: () => number): MailSender {
  const { from } = mail;
  return mail.smtpUrl === null
    ? new FolderMailSender({ folder: mail.folder, from, now })
    : new SmtpMailSender({ url: mail.smtpUrl, from });
}
