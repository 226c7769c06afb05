// Builds the package of `sdk/`: ESM and plain declarations, by tsc.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
/** tsc rewrites the imports of modules, and leaves those of declarations as they are. */
const IMPORT_OF_SOURCE = /((?:from|import\()\s*'\.[^']*)\.ts'/g;

/** Throws where the source has a type error. */
export function buildSdk(directory: string): void {
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const project = ['-p', join(ROOT, 'sdk'), '--outDir', directory];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...project], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the client cannot be built:\n${stdout}`);
  for (const file of globSync('*.d.ts', { cwd: directory })) {
    const path = join(directory, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(IMPORT_OF_SOURCE, "$1.js'"));
  }
}
