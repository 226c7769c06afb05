// Finds the server that a command calls, and the access token for the call.

import { loadStoredConfig } from '../composition/config.ts';
import { readServerUrl } from '../composition/server-url.ts';
import { AccessTokens } from '../app/access-tokens.ts';
import { type SigningSecret, SigningSecrets } from '../app/signing-secrets.ts';
import { OperatorApi } from './api-client.ts';

export interface ConnectOptions {
  /** Absent: the server that runs on LIVEDROPS_DATA, or else LIVEDROPS_HOST and LIVEDROPS_PORT. */
  readonly url?: string;
  /** Absent: a token signed with the secret of the settings. */
  readonly token?: string;
}

/** The user id, in the log of operator actions, of a caller who holds the secret itself. */
const OPERATOR_ID = 'operator';
const TOKEN_SECONDS = 60;

export function connectOperator({ url, token }: ConnectOptions): OperatorApi {
  if (url !== undefined && token !== undefined) return new OperatorApi({ url, token: () => token });
  const { dataDirectory, host, port, authSecrets } = loadStoredConfig({
    signs: token === undefined,
  });
  const named = host.includes(':') ? `[${host}]` : host;
  return new OperatorApi({
    url: url ?? readServerUrl(dataDirectory) ?? `http://${named}:${port}`,
    token: token === undefined ? signing(authSecrets) : () => token,
  });
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
