// The package of the client as it would be published, installed in a folder of its own.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSdk } from '../../scripts/sdk-build.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface BuiltPackage {
  /** A folder whose modules can import `@livedrops/client`, and `ws`. */
  readonly directory: string;
  /** Of the package itself. */
  readonly packageDirectory: string;
  remove(): void;
}

export function buildPackage(): BuiltPackage {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-client-'));
  const packageDirectory = join(directory, 'node_modules', '@livedrops', 'client');
  mkdirSync(packageDirectory, { recursive: true });
  for (const file of ['package.json', 'README.md'])
    cpSync(join(ROOT, 'sdk', file), join(packageDirectory, file));
  buildSdk(join(packageDirectory, 'dist'));
  symlinkSync(join(ROOT, 'node_modules', 'ws'), join(directory, 'node_modules', 'ws'));
  return {
    directory,
    packageDirectory,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
