// Installs the packages of `bench/peers` at the first comparison, so that LiveDrops alone does not
// need them.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the peers' sources. */
export const PEERS_DIRECTORY = fileURLToPath(new URL('../../peers', import.meta.url));

const MODULES = join(PEERS_DIRECTORY, 'node_modules');
const LOCK_FILE = join(PEERS_DIRECTORY, 'package-lock.json');
const INSTALL_TIMEOUT_MS = 5 * 60_000;

interface LockedPackage {
  readonly version: string;
  /** Some packages are for other platforms only. */
  readonly optional?: boolean;
}

/** True if the installed packages match the lock file. */
export function arePeersInstalled(): boolean {
  const installedFile = join(MODULES, '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = packagesOf(installedFile);
  return Object.entries(packagesOf(LOCK_FILE)).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const present = installed[path];
    return present === undefined ? optional === true : present.version === version;
  });
}

/**
 * Says so on standard error, and takes a minute, where they are not installed yet. Rejects when npm
 * cannot do it.
 */
export async function installPeers(): Promise<void> {
  if (arePeersInstalled()) return;
  process.stderr.write('bench: installing the packages of bench/peers, once...\n');
  try {
    const options = { cwd: PEERS_DIRECTORY, timeout: INSTALL_TIMEOUT_MS };
    await promisify(execFile)('npm', ['ci'], options);
  } catch (error) {
    const [said] = (error as { stderr?: string }).stderr?.split('\n') ?? [];
    throw new Error(`npm ci in bench/peers failed: ${said ?? ''}`, { cause: error });
  }
}

/** Of a package that peers depend on, as the lock has it. */
export function peerVersion(name: string): string {
  return packagesOf(LOCK_FILE)[`node_modules/${name}`]!.version;
}

function packagesOf(lockFile: string): Readonly<Record<string, LockedPackage>> {
  const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  return lock.packages;
}
