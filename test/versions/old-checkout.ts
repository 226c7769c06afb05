// The trees of earlier commits, to run beside today's. They need the git history; the packages are
// those of this tree.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface OldVersion {
  readonly commit: string;
  /** The feature level that its nodes read and write; 0: they announce none. */
  readonly level: number;
  /** Whether its API has the names of amounts that are only stored today. */
  readonly hasStoredNames: boolean;
  /** What it says at its start where the store has reached a higher level. */
  readonly tooNew: RegExp;
}

export const OLD_VERSIONS: readonly OldVersion[] = [
  {
    commit: '9994b200ae3dd10f557840c723ae89f622698236',
    level: 0,
    hasStoredNames: true,
    tooNew: /the store has null shards/,
  },
  {
    commit: '07b901032a69c0c1be565113d9f73093fdc27f5c',
    level: 2,
    hasStoredNames: false,
    tooNew: /feature level/,
  },
  {
    commit: '96722f55bd1cc429b7235029cd74c080aa313987',
    level: 3,
    hasStoredNames: false,
    tooNew: /feature level/,
  },
];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ARCHIVE_BYTES_MAX = 64 << 20;

export interface OldCheckout {
  readonly directory: string;
  remove(): void;
}

/** Null where this directory has no git history with that commit. */
export function checkOut(commit: string): OldCheckout | null {
  const archive = spawnSync('git', ['archive', '--format=tar', commit], {
    cwd: ROOT,
    maxBuffer: ARCHIVE_BYTES_MAX,
  });
  if (archive.status !== 0) return null;
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-earlier-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const { status, stderr } = spawnSync('tar', ['-x'], { cwd: directory, input: archive.stdout });
  if (status !== 0) {
    remove();
    throw new Error(`tar failed: ${stderr.toString()}`);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return { directory, remove };
}
