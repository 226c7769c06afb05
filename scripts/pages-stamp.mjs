// Whether the built pages are those of the present sources. Plain JavaScript: set-up asks it before
// it knows its Node.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What the pages are made of. */
const SOURCES = [
  'web',
  'sdk',
  'contracts/bounds.ts',
  'contracts/currencies.ts',
  'scripts/pages.ts',
  'package-lock.json',
];
/** Folders of results in there. */
const BUILT = new Set(['dist', 'node_modules']);

export const PAGES_STAMP_FILE = join(ROOT, 'web', 'dist', '.stamp');

/** Changes with every source of the pages. */
export function pagesStamp() {
  const hash = createHash('sha256');
  for (const source of SOURCES) add(hash, source);
  return hash.digest('hex');
}

/** True also where there are no sources: an image has what was built alone. */
export function pagesAreBuilt() {
  if (!existsSync(join(ROOT, 'web', 'index.html'))) return true;
  return existsSync(PAGES_STAMP_FILE) && readFileSync(PAGES_STAMP_FILE, 'utf8') === pagesStamp();
}

function add(hash, path) {
  const whole = join(ROOT, path);
  if (!existsSync(whole)) return;
  let entries;
  try {
    entries = readdirSync(whole, { withFileTypes: true });
  } catch (error) {
    if (error.code !== 'ENOTDIR') throw error;
    hash.update(`${path}\n`).update(readFileSync(whole));
    return;
  }
  const names = entries.filter(({ name }) => !BUILT.has(name)).map(({ name }) => name);
  for (const name of names.sort()) add(hash, `${path}/${name}`);
}
