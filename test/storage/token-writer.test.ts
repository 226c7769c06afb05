// Tokens of ASCII texts are written in a way of their own: the same ones as of all other texts.

import test from 'ava';
import fc from 'fast-check';
import { creatorToken, wholeNameToken } from '../../storage/search/index-tokens.ts';
import { wholeNameOf } from '../../storage/search/query-terms.ts';
import { TokenWriter } from '../../storage/search/token-writer.ts';
import { searchDocument } from './search-documents.ts';

const CHARACTERS = "aZ3b90 '-._/&+!#\n".split('');
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', '7', '-'), minLength: 35, maxLength: 90 }),
);
/** A word of its own, with its tokens in each field; not ASCII. */
const APART = 'é';
const APART_TOKENS = new Set(['ne', 'me', 'de']);

function tokensOf(name: string, creatorName: string, description: string): Set<string> {
  const document = searchDocument({ name, creatorName, description, creatorId: 'u_1' });
  const written = Buffer.from(new TokenWriter().write(document, 'b0x0')).toString();
  return new Set(written.split(' ').filter((token) => token !== ''));
}

test('Q1: a document of ASCII is found by what it is found by with other letters', (t) => {
  fc.assert(
    fc.property(text, text, text, (name, creatorName, description) => {
      const ascii = tokensOf(name, creatorName, description);
      t.true(ascii.delete(wholeNameToken(wholeNameOf(name))));
      t.true(ascii.has(creatorToken('u_1')));
      const names = [`${name} ${APART}`, `${creatorName} ${APART}`] as const;
      const other = tokensOf(...names, `${description} ${APART}`);
      t.true(other.delete(wholeNameToken(wholeNameOf(names[0]))));
      t.deepEqual([...ascii].toSorted(), [...other].filter(isOfBoth).toSorted());
    }),
    { numRuns: 1_000 },
  );
});

function isOfBoth(token: string): boolean {
  return !APART_TOKENS.has(token);
}

test('Q1: a text of many words is written whole', (t) => {
  const words = Array.from({ length: 300 }, (_, n) => `word${n}x`);
  const tokens = tokensOf(words.join(' '), '', '');
  for (const word of words) t.true(tokens.has(`n${word}`) && tokens.has(`d${word}`), word);
});
