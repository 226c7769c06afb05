import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

interface Relink {
  readonly relinkAddon: (path: string) => boolean;
}
const { relinkAddon } = (await import(
  new URL('../../scripts/uws-relink.mjs', import.meta.url).href
)) as Relink;

/** As the package brings it: set-up touches only the one for Node 24 on this machine. */
const UNTOUCHED = fileURLToPath(
  new URL('../../node_modules/uWebSockets.js/uws_linux_x64_127.node', import.meta.url),
);

function copyOfAddon(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-relink-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'addon.node');
  copyFileSync(UNTOUCHED, path);
  return path;
}

test('the addon asks for nothing newer than the base glibc afterwards, and keeps its size', (t) => {
  const path = copyOfAddon(t);
  const before = readFileSync(path);
  t.true(relinkAddon(path));
  const after = readFileSync(path);
  t.is(after.length, before.length);
  let changed = 0;
  for (let i = 0; i < after.length; i++) if (after[i] !== before[i]) changed++;
  // Three names, three versions, one requirement: a few bytes each.
  t.true(changed > 0 && changed < 40, String(changed));
});

test('a second run finds nothing to do', (t) => {
  const path = copyOfAddon(t);
  relinkAddon(path);
  const once = readFileSync(path);
  t.false(relinkAddon(path));
  t.true(readFileSync(path).equals(once));
});
