// Finds the server that a command calls, and the access token for the call.

import { OperatorApi } from './api-client.ts';

export interface ConnectOptions {
  /**
   * Absent: the server that runs on LIVEDROPS_DATA, or else the one at the
   * operators' address of the settings, or at LIVEDROPS_HOST and LIVEDROPS_PORT.
   */
  readonly url?: string;
  /** Absent: a token signed with the secret of the settings. */
  readonly token?: string;
  /** Of each try of a request. */
  readonly timeoutMs?: number;
}

/** Loads the settings only where they are needed: they take longer than the rest of a command. */
export async function connectOperator(options: ConnectOptions): Promise<OperatorApi> {
  const { url, token, timeoutMs } = options;
  if (url !== undefined && token !== undefined)
    return new OperatorApi({
      url,
      token: () => token,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  return (await import('./connect-by-settings.ts')).connectBySettings(options);
}
