// A secret that nobody set: made once and kept in a file of its own that only its owner may read.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** The secret kept at `path`, made and kept first where there is none. The folder must exist. */
export function keptSecret(path: string, make: () => string): string {
  const kept = readKeptSecret(path);
  if (kept !== null) return kept;
  // Written whole under another name, then linked: of two processes that start at once, one makes
  // the secret, the other finds it, and neither ever reads half of it.
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

/** Null where none is kept. */
export function readKeptSecret(path: string): string | null {
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
