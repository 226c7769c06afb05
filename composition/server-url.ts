// The address of the server that uses a data directory, for commands that call it. The server
// stores its address in a file there while it runs.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const URL_FILE = 'server-url';

export function storeServerUrl(dataDirectory: string, url: string): void {
  writeFileSync(join(dataDirectory, URL_FILE), url);
}

/** Does nothing where none is stored. */
export function removeServerUrl(dataDirectory: string): void {
  rmSync(join(dataDirectory, URL_FILE), { force: true });
}

/** Null where no server runs. A killed server leaves its address behind. */
export function readServerUrl(dataDirectory: string): string | null {
  try {
    return readFileSync(join(dataDirectory, URL_FILE), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
