// Which commit was measured, and whether it was that commit at all.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHANGED_FILES_MAX = 50;

export interface Commit {
  /** The whole hash, or null outside of a repository. */
  readonly commit: string | null;
  /** The first of the files that differ from it. Results of the bench itself do not count. */
  readonly changedFiles: string[];
}

export function currentCommit(): Commit {
  const commit = git('rev-parse', 'HEAD').trim();
  const status = git('status', '--porcelain', '-z', '--no-renames', '--', '.', ':!bench/results');
  const changedFiles = status.split('\0').flatMap((line) => (line === '' ? [] : [line.slice(3)]));
  return { commit: commit || null, changedFiles: changedFiles.slice(0, CHANGED_FILES_MAX) };
}

/** What git prints; nothing where it is missing, or finds no repository. */
function git(...args: string[]): string {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout : '';
}

/** `bc4e31e`, with `-dirty` where files differ from it. */
export function commitText({ commit, changedFiles }: Commit): string {
  if (commit === null) return 'unknown';
  return `${commit.slice(0, 7)}${changedFiles.length > 0 ? '-dirty' : ''}`;
}
