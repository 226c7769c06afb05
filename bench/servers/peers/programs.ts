// Finds servers that come from Debian and not from npm.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../operator/cluster/supervised-process.ts';

/** Debian has a folder for the programs of each major version. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

export function findRedis(): string | null {
  return findProgram('redis-server');
}

/** Comes with redis-server. */
export function findRedisBenchmark(): string | null {
  return findProgram('redis-benchmark');
}

/** A program of the newest PostgreSQL: `postgres` or `initdb`. */
export function findPostgres(name: string): string | null {
  const versions = folders(POSTGRES_VERSIONS).toSorted((a, b) => Number(b) - Number(a));
  const [newest] = versions;
  return newest === undefined ? null : join(POSTGRES_VERSIONS, newest, 'bin', name);
}

/** Throws with the package to install if `program` is null. */
export function present(program: string | null, debianPackage: string): string {
  if (program !== null) return program;
  throw new Error(`${debianPackage} is missing; on Debian: apt-get install ${debianPackage}`);
}

/** The version that the program prints, such as 15.18; empty if it is missing. */
export function versionOf(program: string | null): string {
  if (program === null) return '';
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\d+\.\d[\d.]*/.exec(stdout)?.[0] ?? '';
}

function folders(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
