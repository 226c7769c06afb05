// Raises the limit of open files: each socket of a load is one open file.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Lets this process, and processes it starts later, open `count` files. Node raises the soft limit
 * to the hard limit by itself. Throws with advice if the machine does not allow `count`.
 */
export function allowOpenFiles(count: number): void {
  const allowed = openFilesUpTo(count);
  if (allowed === count) return;
  throw new Error(
    `${count} open files are needed and ${allowed} are allowed: use fewer subscribers, ` +
      `or raise the limit first (ulimit -Hn ${count}, as root)`,
  );
}

/** Raises the limit towards `count` and returns how many files, at most `count`, are allowed. */
export function openFilesUpTo(count: number): number {
  if (allowedFiles() < count)
    spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${count}:${count}`]);
  return Math.min(count, allowedFiles());
}

/** The hard limit. */
function allowedFiles(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(limits);
  return line?.[1] === 'unlimited' ? Infinity : Number(line?.[1]);
}
