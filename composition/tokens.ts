// The parts that sign and verify access tokens, which both profiles have in common.

import { type Clock, systemClock } from '../actors/clock.ts';
import { AccessTokens } from '../app/access-tokens.ts';
import { IssuerKeys } from '../app/issuers/issuer-keys.ts';
import { IssuerTokens } from '../app/issuers/issuer-tokens.ts';
import { SigningSecrets } from '../app/signing-secrets.ts';
import { TokenVerifier } from '../app/token-verifier.ts';
import type { IssuerKeysSample } from '../gateway/metrics/metric-sources.ts';
import { AuthSecretsFile } from './auth-secrets.ts';
import type { NodeCoreOptions } from './node-core.ts';

export interface Tokens {
  readonly signingSecrets: SigningSecrets;
  readonly accessTokens: AccessTokens;
  readonly verifier: TokenVerifier;
  /** For the metrics: how old the keys of issuers are. */
  readonly issuerKeys: () => readonly IssuerKeysSample[];
  /** Calls the listener whenever tokens that were valid may be so no more before their ends. */
  onReplaced(listener: () => void): void;
  /**
   * Reads stored secrets again when they change, and keeps the keys of issuers. Resolves when they
   * were fetched once, or could not be: a gateway that serves has what it can have.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createTokens({
  config,
  clock,
  log,
}: Pick<NodeCoreOptions, 'config' | 'log'> & { readonly clock: Clock }): Tokens {
  const signingSecrets = new SigningSecrets(config.authSecrets);
  const accessTokens = new AccessTokens({ secret: signingSecrets, now: () => clock.now() });
  const { authSecretFile: path } = config;
  const file =
    path === null
      ? null
      : new AuthSecretsFile({ path, secrets: signingSecrets, clock: systemClock, log });
  // Only gateways are shown tokens.
  const issuers = config.roles.includes('gateway') ? config.issuers : [];
  const known = issuers.map((issuer) => ({
    issuer,
    keys: new IssuerKeys({ issuer, clock: systemClock, log }),
  }));
  return {
    signingSecrets,
    accessTokens,
    verifier: new TokenVerifier({
      own: accessTokens,
      issuers: known.length === 0 ? null : new IssuerTokens(known),
    }),
    issuerKeys: () =>
      known.map(({ issuer, keys }) => ({ issuer: issuer.issuer, ageMs: keys.ageMs })),
    onReplaced(listener) {
      signingSecrets.onReplaced(listener);
      for (const { keys } of known) keys.onRemoved(listener);
    },
    async start() {
      file?.start();
      await Promise.all(known.map(({ keys }) => keys.start()));
    },
    async stop() {
      file?.stop();
      await Promise.all(known.map(({ keys }) => keys.stop()));
    },
  };
}
