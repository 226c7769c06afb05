// Public bounds and patterns stand in `contracts/` only: a second copy elsewhere would drift.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import * as bounds from '../../contracts/bounds.ts';
import * as patterns from '../../contracts/patterns.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILES = '{actors,app,domain,events,gateway,services,storage}/**/*.ts';
const texts = globSync(FILES, { cwd: ROOT }).map((file) => {
  return { file, text: readFileSync(`${ROOT}/${file}`, 'utf8') };
});

/** A trace's request id has the form of a user's id by chance. */
const ALIKE: Readonly<Record<string, string>> = { 'gateway/http/trace.ts': patterns.USER_ID };

test('H1: nothing outside of contracts/ defines a constant by the name of a public bound', (t) => {
  t.true(texts.length > 100);
  const names = Object.keys(bounds);
  for (const { file, text } of texts) {
    const copies = names.filter((name) => new RegExp(`\\bconst ${name}\\b`).test(text));
    t.deepEqual(copies, [], file);
  }
});

test('H1a: only the codec of stored names calls amounts by the unit of some currencies', (t) => {
  const named = texts.filter(({ text }) => /cents/i.test(text)).map(({ file }) => file);
  t.deepEqual(named, ['storage/formats/amount-names.ts']);
});

test('H1: nothing outside of contracts/ writes a public pattern again', (t) => {
  for (const { file, text } of texts) {
    const copies = Object.values(patterns).filter(
      (pattern) =>
        text.includes(pattern) || text.includes(pattern.replaceAll('!-~', '\\x21-\\x7e')),
    );
    t.deepEqual(
      copies.filter((copy) => copy !== ALIKE[file]),
      [],
      file,
    );
  }
});
