// Everything that is exported is used: in its own file, or by another file of the source, the bench
// or the scripts that imports it. A test alone is no caller.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FLOORS =
  'contracts,domain,storage,actors,events,app,services,gateway,media,composition,operator';
const EXPORTED =
  /^export (?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm;
const IMPORT = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'(\.[^']+)'/gm;

/** `await import('./x.ts')`, from which names are taken afterwards. */
const LATER = /\bimport\(\s*'(\.[^']+)'\s*\)/g;
/** A module that is loaded by its URL, for its export `create`. */
const BY_URL = /new URL\('(\.[^']+\.ts)', import\.meta\.url\)\.href/g;
/** Not used yet, and why it stays. */
const STAY: Readonly<Record<string, string>> = {
  'contracts/changes.ts#StreamKind': 'the kinds of lines, for programs that read the stream',
};
/** The drivers that tests run on; the contract suites hold them to what the others do. */
const DRIVERS_OF_TESTS = 'storage/memory/';

const sources = globSync(`{${FLOORS}}/**/*.ts`, { cwd: ROOT });
const callers = [
  ...sources,
  ...globSync('{bench,deploy,scripts,sdk}/**/*.ts', { cwd: ROOT }),
  'moleculer.config.ts',
];

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** `file#name` of everything that some file imports from another. */
function imported(): Set<string> {
  const names = new Set<string>();
  for (const file of callers) {
    for (const [, from = ''] of read(file).matchAll(LATER)) {
      const path = normalize(join(dirname(file), from));
      for (const [name] of read(file).matchAll(/\w+/g)) names.add(`${path}#${name}`);
    }
    for (const [, from = ''] of read(file).matchAll(BY_URL))
      names.add(`${normalize(join(dirname(file), from))}#create`);
    for (const [, list = '', from = ''] of read(file).matchAll(IMPORT)) {
      const path = normalize(join(dirname(file), from));
      for (const one of list.split(',')) {
        const name = one
          .trim()
          .replace(/^type /, '')
          .split(' ')[0];
        names.add(`${path}#${name}`);
      }
    }
  }
  return names;
}

test('everything exported is used by something that is no test, or listed with its reason', (t) => {
  const used = imported();
  t.true(used.size > 500, `only ${used.size} imports were found`);
  const unused = sources
    .filter((file) => !file.startsWith(DRIVERS_OF_TESTS))
    .flatMap((file) => {
      const words = [...read(file).matchAll(/\w+/g)].map(([word]) => word);
      return [...read(file).matchAll(EXPORTED)]
        .map((match) => match[1]!)
        .filter((name) => words.filter((word) => word === name).length === 1)
        .map((name) => `${file}#${name}`)
        .filter((name) => !used.has(name));
    });
  t.deepEqual(unused.toSorted(), Object.keys(STAY).toSorted());
});
