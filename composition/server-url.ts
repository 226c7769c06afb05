// Where the server of a data directory answers, for commands that want to ask it: the server keeps
// its address in a file there while it runs.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const URL_FILE = 'server-url';

export function keepServerUrl(dataDirectory: string, url: string): void {
  writeFileSync(join(dataDirectory, URL_FILE), url);
}

/** Harmless where none is kept. */
export function forgetServerUrl(dataDirectory: string): void {
  rmSync(join(dataDirectory, URL_FILE), { force: true });
}

/** Null where no server runs. One that was killed leaves its address behind. */
export function keptServerUrl(dataDirectory: string): string | null {
  try {
    return readFileSync(join(dataDirectory, URL_FILE), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
