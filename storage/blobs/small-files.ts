// Small files that are written together, without the thread pool: a call of it costs more CPU than
// what it does for a file of some kilobytes.

import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../files.ts';

export interface SmallFile {
  /** Its name for the caller. */
  readonly key: string;
  /** Where it is to be. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes the files in `unfinished` and links each to its path: it is there whole or not at all.
 * Answers the keys of those whose paths are taken, and leaves these as they are. The bytes are on
 * the disk then; that the folders have the names is not. The folders must be there. Errors: the
 * system's.
 */
export function linkSmallFiles(
  files: readonly SmallFile[],
  { unfinished, mode }: { readonly unfinished: string; readonly mode: number },
): string[] {
  const taken: string[] = [];
  const written: { readonly file: SmallFile; readonly at: string; readonly fd: number }[] = [];
  try {
    for (const file of files) {
      const at = join(unfinished, randomUUID());
      written.push({ file, at, fd: openSync(at, 'wx', mode) });
      writeFileSync(written.at(-1)!.fd, file.bytes);
    }
    // When all are written: one commit of the file system may then have all of them.
    for (const { fd } of written) fsyncSync(fd);
    for (const { file, at } of written) if (!linkNew(at, file.path)) taken.push(file.key);
    return taken;
  } finally {
    for (const { at, fd } of written) {
      closeSync(fd);
      rmSync(at, { force: true });
    }
  }
}

/** False where the path is taken. */
function linkNew(at: string, path: string): boolean {
  try {
    linkSync(at, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}
