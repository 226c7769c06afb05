// Finds the measured commit and the files that differ from it.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHANGED_FILES_MAX = 50;

export interface Commit {
  /** The whole hash, or null outside of a repository. */
  readonly commit: string | null;
  /** Files that differ from the commit, at most `CHANGED_FILES_MAX`, without bench/results. */
  readonly changedFiles: string[];
}

export function currentCommit(): Commit {
  const commit = git('rev-parse', 'HEAD');
  if (commit === null) return { commit, changedFiles: [] };
  const status = git('status', '--porcelain', '-z', '--no-renames', '--', '.', ':!bench/results');
  // An empty list would look like a clean tree.
  if (status === null) throw new Error('git cannot list the files that differ from the commit');
  const changedFiles = status.split('\0').flatMap((line) => (line === '' ? [] : [line.slice(3)]));
  return { commit: commit.trim(), changedFiles: changedFiles.slice(0, CHANGED_FILES_MAX) };
}

/** The output of git; null if git is missing, finds no repository, or fails. */
function git(...args: string[]): string | null {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

/** `bc4e31e`, with `-dirty` where files differ from it. */
export function commitText({ commit, changedFiles }: Commit): string {
  if (commit === null) return 'unknown';
  return `${commit.slice(0, 7)}${changedFiles.length > 0 ? '-dirty' : ''}`;
}
