// Generated secrets. Each is generated once and stored in a file that only its owner can read.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** The secret stored at `path`; generated and stored where there is none. The folder must exist. */
export function storedSecret(path: string, make: () => string): string {
  const stored = readStoredSecret(path);
  if (stored !== null) return stored;
  // The secret is written completely under another name, then linked. Of two processes that start
  // at once, one stores its secret and the other reads it, and neither reads half of it.
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${make()}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(partial, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(partial);
  }
  return readFileSync(path, 'utf8').trim();
}

/** Null where none is stored. */
export function readStoredSecret(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
