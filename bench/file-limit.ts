// A socket is an open file, and how many a process may have is limited.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Lets this process, and those it starts from now on, have `count` files open; Node takes what is
 * allowed by itself. Throws, and says what to do, where the machine does not allow it.
 */
export function allowOpenFiles(count: number): void {
  const allowed = openFilesUpTo(count);
  if (allowed === count) return;
  throw new Error(
    `${count} open files are needed and ${allowed} allowed: ask for fewer subscribers, ` +
      `or raise the limit first (ulimit -Hn ${count}, as root)`,
  );
}

/** The same, and how many of `count` this process may have open where the machine does not allow all. */
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
