// The tree of the commit before feature levels, to run beside today's. It needs the git history;
// the packages are those of this tree.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Its nodes announce no feature level: they read and write level 0. */
export const LEVEL_0_COMMIT = '9994b200ae3dd10f557840c723ae89f622698236';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ARCHIVE_BYTES_MAX = 64 << 20;

export interface OldCheckout {
  readonly directory: string;
  remove(): void;
}

/** Null where this directory has no git history with that commit. */
export function checkOutLevel0(): OldCheckout | null {
  const archive = spawnSync('git', ['archive', '--format=tar', LEVEL_0_COMMIT], {
    cwd: ROOT,
    maxBuffer: ARCHIVE_BYTES_MAX,
  });
  if (archive.status !== 0) return null;
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-level-0-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const { status, stderr } = spawnSync('tar', ['-x'], { cwd: directory, input: archive.stdout });
  if (status !== 0) {
    remove();
    throw new Error(`tar failed: ${stderr.toString()}`);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return { directory, remove };
}
