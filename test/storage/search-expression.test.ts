// Expressions as FTS5 reads them: what they match, and that what bounds them is in every part that
// would look for its next document on its own.

import test from 'ava';
import fc from 'fast-check';
import {
  all,
  any,
  but,
  type Expression,
  oneStepOf,
  token,
} from '../../storage/search/expression.ts';
import { open } from '../../storage/sqlite/search/search-writer-program.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const TOKENS = ['a', 'b', 'c', 'd', 'e'];
const DOCUMENTS = 2 ** TOKENS.length;
/** The documents among which is looked. */
const AMONG = ['few', 'some'];
const RUNS = 300;

interface Matching {
  readonly expression: Expression;
  readonly matches: (document: number) => boolean;
}

/** Each set of the tokens is a document. */
function has(document: number, index: number): boolean {
  return ((document >> index) & 1) === 1;
}

const one = fc.nat({ max: TOKENS.length - 1 }).map((index): Matching => {
  return {
    expression: token(TOKENS[index]!, DOCUMENTS / 2),
    matches: (document) => has(document, index),
  };
});
const { tree } = fc.letrec<{ tree: Matching }>((tie) => {
  const several = fc.array(tie('tree'), { minLength: 1, maxLength: 3 });
  return {
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      one,
      several.map((parts): Matching => {
        return {
          expression: all(parts.map(({ expression }) => expression)),
          matches: (document) => parts.every(({ matches }) => matches(document)),
        };
      }),
      several.map((parts): Matching => {
        return {
          expression: any(parts.map(({ expression }) => expression)),
          matches: (document) => parts.some(({ matches }) => matches(document)),
        };
      }),
      fc.tuple(tie('tree'), tie('tree')).map(([kept, left]): Matching => {
        return {
          expression: but(kept.expression, left.expression),
          matches: (document) => kept.matches(document) && !left.matches(document),
        };
      }),
    ),
  };
});

test('Q3: an expression matches the same, all of it, among some documents, and in one step', (t) => {
  const folder = temporaryDirectory();
  const options = { file: `${folder}/index.db`, walBytesMax: 1 << 26, pageCountMax: 0 };
  const { database } = open(options);
  t.teardown(() => {
    database.close();
    removeDirectory(folder);
  });
  const insert = database.prepare<[number, string]>(
    'insert into matches (rowid, tokens) values (cast(? as integer), ?)',
  );
  const numbers = Array.from({ length: DOCUMENTS }, (_, number) => number);
  const isAmong = (number: number) => number % 5 === 0 || number % 7 === 1;
  for (const number of numbers) {
    const tokens = TOKENS.filter((_, index) => has(number, index));
    if (number % 5 === 0) tokens.push(AMONG[0]!);
    if (number % 7 === 1) tokens.push(AMONG[1]!);
    insert.run(number, tokens.join(' '));
  }
  const find = database
    .prepare<[string], number>('select rowid from matches where matches match ? order by rowid')
    .pluck();
  const among = any(AMONG.map((name) => token(name, DOCUMENTS)));
  fc.assert(
    fc.property(tree, ({ expression, matches }) => {
      const expected = numbers.filter(matches);
      t.deepEqual(find.all(expression.text), expected, expression.text);
      const text = expression.textAmong(among);
      t.deepEqual(find.all(text), expected.filter(isAmong), text);
      t.is(text.split(among.text).length - 1, expression.amongs, text);
      t.true(isBounded(text, among.text), text);
      t.deepEqual(find.all(oneStepOf(expression, DOCUMENTS)!.text), expected);
      t.deepEqual(find.all(expression.textAmong(expression.cover)), expected);
    }),
    { numRuns: RUNS },
  );
});

/** Whether each intersection in a text has `among` in it: the innermost are cut away one by one. */
function isBounded(text: string, among: string): boolean {
  let left = text.replaceAll(among, 'AMONG').replaceAll(/"[a-z]"/g, 'TOKEN');
  for (;;) {
    const inner = /\(([^()]*)\)/.exec(left);
    if (inner === null) return true;
    const parts = inner[1]!;
    const isIntersection = parts.includes(' AND ');
    if (isIntersection && !parts.includes('AMONG')) return false;
    left = left.replace(inner[0], isIntersection ? 'BOUNDED' : unionOf(parts));
  }
}

/** What is left of alternatives, or of a difference. */
function unionOf(parts: string): string {
  return parts.includes('TOKEN') ? 'TOKEN' : 'BOUNDED';
}
