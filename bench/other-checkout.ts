// Another state of this repository to measure beside this one: a directory that has one, or a
// commit, which is checked out into a temporary directory with the packages that its own set-up
// installs.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMAND = join('operator', 'livedrops.ts');
/** Installing the packages takes a few minutes. */
const SET_UP_TIMEOUT_MS = 10 * 60_000;

export interface OtherCheckout {
  /** As it was named: for labels. */
  readonly name: string;
  /** The `livedrops` command of that state. */
  readonly command: string;
  /** Removes what was checked out; a directory that was named stays. */
  readonly remove: () => void;
}

/**
 * `name` is a directory or anything that git resolves to a commit. Throws an Error that says why
 * not.
 */
export function openCheckout(name: string): OtherCheckout {
  const directory = resolve(name);
  if (existsSync(join(directory, COMMAND))) {
    setUp(directory);
    return { name, command: join(directory, COMMAND), remove: () => undefined };
  }
  const checkout = mkdtempSync(join(tmpdir(), 'livedrops-checkout-'));
  const remove = (): void => rmSync(checkout, { recursive: true, force: true });
  try {
    run('git', ['clone', '--quiet', '--no-checkout', ROOT, checkout], ROOT);
    run('git', ['checkout', '--quiet', '--detach', name], checkout);
    setUp(checkout);
  } catch (error) {
    remove();
    throw error;
  }
  return { name, command: join(checkout, COMMAND), remove };
}

function setUp(directory: string): void {
  run(process.execPath, [join('scripts', 'setup.mjs')], directory);
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: SET_UP_TIMEOUT_MS,
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  throw new Error(`${[program, ...args].join(' ')} failed: ${reason}`);
}
