// `livedrops token`: creates access tokens without a log-in, for scripts, load tests and first
// steps.

import { loadStoredConfig } from '../composition/config.ts';
import { AccessTokens } from '../app/access-tokens.ts';
import { SigningSecrets } from '../app/signing-secrets.ts';

export interface TokenOptions {
  readonly user: string;
  readonly roles: readonly string[];
  /** Lifetime in seconds. */
  readonly ttl: number;
  /** One token for each of `user-1` to `user-count`; absent: one for `user` itself. */
  readonly count?: number;
}

const LINES_A_WRITE = 1000;

export async function token(options: TokenOptions): Promise<void> {
  const accessTokens = new AccessTokens({
    secret: new SigningSecrets(loadStoredConfig().authSecrets),
  });
  const { user, roles, ttl, count } = options;
  const sign = (userId: string): string =>
    accessTokens.sign({ userId, roles, lifetimeSeconds: ttl });
  if (count === undefined) {
    process.stdout.write(`${sign(user)}\n`);
    return;
  }
  for (let from = 1; from <= count; from += LINES_A_WRITE) {
    let lines = '';
    const to = Math.min(count, from + LINES_A_WRITE - 1);
    for (let i = from; i <= to; i++) lines += `${sign(`${user}-${i}`)}\n`;
    if (!process.stdout.write(lines)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}
