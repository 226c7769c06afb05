// `npm run sdk`: writes `sdk/api.ts` from the server's own description of its API, then builds the
// package into `sdk/dist`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../composition/config.ts';
import { startServer } from '../composition/server.ts';
import { buildSdk } from './sdk-build.ts';
import { type OpenApi, sdkTypes } from './sdk-types.ts';

const SDK = join(import.meta.dirname, '..', 'sdk');

/** By a server that is started for it, alone on this machine. */
async function describedApi(): Promise<OpenApi> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-sdk-'));
  const settings = { LIVEDROPS_DATA: directory, LIVEDROPS_PORT: '0', LIVEDROPS_LOG: 'error' };
  const server = await startServer(loadConfig(settings));
  try {
    return (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

writeFileSync(join(SDK, 'api.ts'), sdkTypes(await describedApi()));
buildSdk(join(SDK, 'dist'));
