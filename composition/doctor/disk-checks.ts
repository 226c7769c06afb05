// Checks of the data directory: that it can be written, has room, syncs fast enough and lies on a
// file system that keeps what it is given; and that stored secrets are nobody else's.

import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { AUTH_SECRET_FILE, STORED_SECRET_FILES } from '../secrets-in-force.ts';
import { type Check, fail, type Finding, ok, warn } from './check.ts';

const MIB = 1 << 20;
const FREE_MIB_MIN = 256;
const FREE_MIB_RIGHT = 2_048;
const SYNCS = 20;
const SYNC_MS_RIGHT = 10;
const PAGE_BYTES = 4_096;
const OTHERS = 0o077;
const SECRET_AGE_DAYS_RIGHT = 400;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** By their numbers in Linux (statfs(2)). */
const FILE_SYSTEMS: ReadonlyMap<number, { name: string; keeps: CheckedFileSystem }> = new Map([
  [0xef53, { name: 'ext4', keeps: 'yes' }],
  [0x58465342, { name: 'xfs', keeps: 'yes' }],
  [0x9123683e, { name: 'btrfs', keeps: 'yes' }],
  [0x2fc12fc1, { name: 'zfs', keeps: 'yes' }],
  [0x794c7630, { name: 'overlayfs', keeps: 'container' }],
  [0x01021994, { name: 'tmpfs', keeps: 'memory' }],
  [0x6969, { name: 'nfs', keeps: 'network' }],
  [0xff534d42, { name: 'cifs', keeps: 'network' }],
  [0xfe534d42, { name: 'smb', keeps: 'network' }],
  [0x65735546, { name: 'fuse', keeps: 'unknown' }],
]);

/** Whether a file system has what was synced after a restart, and has locks. */
type CheckedFileSystem = 'yes' | 'container' | 'memory' | 'network' | 'unknown';

export function diskChecks(config: Config): readonly Check[] {
  const { dataDirectory } = config;
  return [
    { name: 'data directory', run: () => directoryFindings(config) },
    { name: 'secrets', run: () => STORED_SECRET_FILES.flatMap((f) => secret(dataDirectory, f)) },
  ];
}

function directoryFindings({ dataDirectory, store }: Config): Finding[] {
  const name = 'data directory';
  // Without one, the first start makes it.
  const isThere = existsSync(dataDirectory);
  let folder = dataDirectory;
  while (!existsSync(folder)) folder = dirname(folder);
  const holdsData = store.kind === 'sqlite';
  let times: readonly number[];
  try {
    times = syncTimes(folder, holdsData ? SYNCS : 1);
  } catch (error) {
    const text = `${folder} cannot be written: ${(error as Error).message}`;
    return [fail(name, text, 'give the user of the server the directory (chown)')];
  }
  const where = isThere ? dataDirectory : `${dataDirectory} is made at the first start`;
  const findings = [ok(name, `${where}, can be written`)];
  const { type, bavail, bsize } = statfsSync(folder);
  findings.push(room((bavail * bsize) / MIB));
  if (!holdsData) return findings;
  findings.push(fileSystem(type), syncing(times));
  return findings;
}

/** How long each sync of a page took, in milliseconds, rising. */
function syncTimes(folder: string, count: number): number[] {
  const file = join(folder, `.livedrops-doctor-${process.pid}`);
  const page = new Uint8Array(PAGE_BYTES);
  const fd = openSync(file, 'wx', 0o600);
  try {
    return Array.from({ length: count }, () => {
      const startedAt = performance.now();
      writeSync(fd, page);
      fdatasyncSync(fd);
      return performance.now() - startedAt;
    }).toSorted((a, b) => a - b);
  } finally {
    closeSync(fd);
    rmSync(file);
  }
}

export function room(freeMib: number): Finding {
  const name = 'free space';
  const text = `${Math.round(freeMib)} MiB free`;
  const remedy = `make room: ${FREE_MIB_RIGHT} MiB or more, since a full disk stops all sales`;
  if (freeMib < FREE_MIB_MIN) return fail(name, text, remedy);
  return freeMib < FREE_MIB_RIGHT ? warn(name, text, remedy) : ok(name, text);
}

export function fileSystem(type: number): Finding {
  const name = 'file system';
  const known = FILE_SYSTEMS.get(type);
  const text = known?.name ?? `of type 0x${type.toString(16)}`;
  switch (known?.keeps ?? 'unknown') {
    case 'yes':
      return ok(name, text);
    case 'network':
      return fail(name, `${text}: its locks and syncs are not safe`, 'use a disk of the machine');
    case 'memory':
      return fail(name, `${text}: all is lost at a restart`, 'put LIVEDROPS_DATA onto a disk');
    case 'container':
      return warn(name, `${text}: it goes with the container`, 'mount a volume there');
    case 'unknown':
      return warn(name, `${text}: not known to keep what is synced`, 'prefer ext4 or xfs');
  }
}

/** `times` in milliseconds, rising. */
export function syncing(times: readonly number[]): Finding {
  const name = 'disk sync';
  const median = times[Math.floor(times.length / 2)]!;
  const longest = times.at(-1)!;
  const text = `${median.toFixed(1)} ms, the longest of ${times.length} ${longest.toFixed(1)} ms`;
  return median <= SYNC_MS_RIGHT
    ? ok(name, text)
    : warn(name, `${text}: each order waits for one`, 'use a local SSD with its write cache safe');
}

function secret(directory: string, file: string): Finding[] {
  const path = join(directory, file);
  if (!existsSync(path)) return [];
  const { mode, mtimeMs } = statSync(path);
  return [secretFile(path, file === AUTH_SECRET_FILE, mode, (Date.now() - mtimeMs) / DAY_MS)];
}

export function secretFile(path: string, rotates: boolean, mode: number, ageDays: number): Finding {
  const name = 'secrets';
  if ((mode & OTHERS) !== 0) {
    const text = `${path} can be read by others (${(mode & 0o777).toString(8)})`;
    return fail(name, text, `chmod 600 ${path}, and rotate it if anybody may have read it`);
  }
  if (rotates && ageDays > SECRET_AGE_DAYS_RIGHT)
    return warn(name, `${path} is ${Math.round(ageDays)} days old`, '`livedrops secrets rotate`');
  return ok(name, `${path}, ${Math.round(ageDays)} days old`);
}
