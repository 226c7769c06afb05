// The service of accounts over stores in memory, with passwords that cost little.

import pino from 'pino';
import type { ServiceSchema } from 'moleculer';
import type { AccessTokens } from '../../app/access-tokens.ts';
import { AccountDeletion } from '../../app/jobs/delete-account.ts';
import { LogInAttempts } from '../../app/log-in-attempts.ts';
import { AccountMail } from '../../app/mail/account-mail.ts';
import { LinkTokens } from '../../app/mail/link-tokens.ts';
import { Passwords } from '../../app/passwords.ts';
import { RefreshTokens } from '../../app/refresh-tokens.ts';
import { SecondFactors } from '../../app/second-factors.ts';
import { Sessions } from '../../app/sessions.ts';
import { SigningSecrets } from '../../app/signing-secrets.ts';
import { JobQueue } from '../../events/jobs/job-queue.ts';
import { accountsService } from '../../services/accounts.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { Harness } from './harness.ts';

const SECRET = 'x'.repeat(32);

export interface AccountsHarnessOptions
  extends Pick<Harness, 'stores' | 'clock' | 'random' | 'liveBus'> {
  readonly accessTokens: AccessTokens;
  readonly rateLimits?: boolean;
}

export function linkTokensOn({ clock }: Pick<Harness, 'clock'>): LinkTokens {
  return new LinkTokens({ secrets: SigningSecrets.one(SECRET), now: () => clock.now() });
}

export function accountsServiceOn(options: AccountsHarnessOptions): ServiceSchema {
  const { stores, clock, random, liveBus, accessTokens, rateLimits = true } = options;
  const now = () => clock.now();
  const monotonic = () => clock.monotonic();
  const refreshTokens = new RefreshTokens({ secret: SECRET, random });
  const queue = new JobQueue({ jobs: stores.jobs, now });
  return accountsService({
    ...stores,
    sessionsOf: new Sessions({ ...stores, liveBus, accessTokens, refreshTokens, now, random }),
    secondFactors: new SecondFactors({ ...stores, now, random }),
    deletion: new AccountDeletion({ ...stores, queue }),
    mail: new AccountMail({ ...stores, linkTokens: linkTokensOn({ clock }), queue, now, random }),
    passwords: new Passwords({ memoryKib: 8 }),
    attempts: new LogInAttempts({ monotonic, rateLimits }),
    now,
    monotonic,
    levels: new ReachedLevel(FEATURE_LEVEL),
    random,
    log: pino({ level: 'silent' }),
  });
}
