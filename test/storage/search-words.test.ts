// ASCII texts are divided into words in a way of their own, by the same rules as all others.

import test from 'ava';
import fc from 'fast-check';
import { chunksOf } from '../../storage/search/words.ts';

const CHARACTERS = "aZ3b90 '`-._/&+!,#\n\0x".split('');
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', '7', '-'), minLength: 35, maxLength: 90 }),
);

test('Q1: words of ASCII are those that they are in a text with other letters', (t) => {
  fc.assert(
    fc.property(text, (ascii) => {
      const apart = chunksOf(`${ascii} é`);
      const last = apart.pop();
      t.is(last?.joined, 'e');
      t.deepEqual(chunksOf(ascii), apart);
    }),
    { numRuns: 2_000 },
  );
});
