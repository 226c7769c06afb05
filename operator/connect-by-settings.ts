// Finds with the settings of the environment what a command does not name itself: the server, and
// the secret that signs its access token.

import { AccessTokens } from '../app/access-tokens.ts';
import { type SigningSecret, SigningSecrets } from '../app/signing-secrets.ts';
import { loadStoredConfig } from '../composition/config.ts';
import { ConfigError } from '../composition/process-environment.ts';
import { readServerUrl } from '../composition/server-url.ts';
import { urlHost } from '../composition/url-host.ts';
import { OperatorApi } from './api-client.ts';
import type { ConnectOptions } from './connect.ts';

/** The user id, in the log of operator actions, of a caller who holds the secret itself. */
const OPERATOR_ID = 'operator';
const TOKEN_SECONDS = 60;

export function connectBySettings({ url, token, timeoutMs }: ConnectOptions): OperatorApi {
  const config = loadStoredConfig({ signs: token === undefined });
  const { dataDirectory, authSecrets } = config;
  const { host, port } = config.operatorAddress ?? config;
  return new OperatorApi({
    url: url ?? readServerUrl(dataDirectory) ?? `http://${urlHost(host)}:${port}`,
    token: token === undefined ? signing(authSecrets) : () => token,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

/** Of LIVEDROPS_DATA; null where none runs, or the settings are not valid. */
export function runningServerUrl(): string | null {
  try {
    return readServerUrl(loadStoredConfig({ signs: false }).dataDirectory);
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function signing(secrets: readonly SigningSecret[]): () => string {
  const accessTokens = new AccessTokens({ secret: new SigningSecrets(secrets) });
  return () =>
    accessTokens.sign({
      userId: OPERATOR_ID,
      roles: ['operator'],
      lifetimeSeconds: TOKEN_SECONDS,
    });
}
