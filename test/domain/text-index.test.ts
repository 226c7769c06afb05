import test from 'ava';
import fc from 'fast-check';
import { SEGMENT_LENGTH, TextIndex } from '../../domain/text-index.ts';

test('finds every text it was given under its salt, and nothing else', (t) => {
  const text = fc.string({
    unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), text), { maxLength: 600 }),
      (pairs) => {
        const index = new TextIndex();
        const model = new Map<string, number>();
        for (const [salt, word] of pairs) {
          const name = `${salt} ${word}`;
          const found = index.find(salt, word, salt);
          if (found !== (model.get(name) ?? -1)) throw new Error(`${name} is at ${found}`);
          if (found < 0) model.set(name, index.add(salt, word, salt));
        }
        for (const [name, ordinal] of model) {
          if (`${index.saltOf(ordinal)} ${index.textOf(ordinal)}` !== name)
            throw new Error(`${name} reads otherwise`);
        }
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});

test('grows over many segments, and a copy made of its segments finds the same', (t) => {
  const index = new TextIndex();
  const count = SEGMENT_LENGTH * 3 + 100;
  for (let i = 0; i < count; i++) index.add(i % 7, `text-${i}`, i % 7);
  const copy = new TextIndex();
  for (const segment of index.segments)
    copy.adopt(segment, Math.min(SEGMENT_LENGTH, count - copy.size));
  for (let i = 0; i < count; i++) {
    if (index.find(i % 7, `text-${i}`, i % 7) !== i || copy.find(i % 7, `text-${i}`, i % 7) !== i)
      t.fail(`text-${i}`);
  }
  t.is(copy.find(1, 'text-0', 1), -1);
  t.is(copy.add(0, 'one more', 0), count);
});

test('keys chosen to collide are still told apart', (t) => {
  const index = new TextIndex();
  // The same hash for all, as if somebody had searched for collisions: the seed cancels what
  // differs.
  for (let salt = 0; salt < 3000; salt++) index.add(salt, 'same', 7);
  for (let salt = 0; salt < 3000; salt++) t.is(index.find(salt, 'same', 7), salt);
});
