import test from 'ava';
import fc from 'fast-check';
import { PASS_LENGTH_MAX } from '../../../contracts/bounds.ts';
import { PASS_MINUTE_MS, PASS_TIMES_MS, PassTexts } from '../../../app/passes/pass-texts.ts';

const [OLD, NEW] = ['an old secret', 'a new secret'];
const texts = new PassTexts([OLD]);
const drop = { dropId: 'd_1', userId: null };

const pass = fc.record({
  number: fc.nat({ max: 2 ** 50 - 1 }),
  from: fc.oneof(
    fc.constant(0),
    fc
      .integer({ min: 0, max: 2 ** 25 - 2 })
      .map((minutes) => PASS_TIMES_MS.first + minutes * PASS_MINUTE_MS),
  ),
});
const userId = fc.option(fc.stringMatching(/^[a-z0-9|_.:-]{1,40}$/));

test('D9: every pass reads as it was written, short enough to type', (t) => {
  fc.assert(
    fc.property(pass, userId, (written, forUser) => {
      const text = texts.write({ dropId: 'd_1', userId: forUser, pass: written });
      t.regex(text, written.from > 0 ? /^\w{5}(-\w{5}){5}$/ : /^\w{5}(-\w{5}){4}$/);
      t.deepEqual(texts.read(text, 'd_1', forUser ?? 'anybody'), written);
      t.true(text.length <= PASS_LENGTH_MAX);
    }),
  );
});

test('D9: small letters, missing hyphens and letters that look like digits are the same pass', (t) => {
  const written = { number: 0o1234567, from: 0 };
  const text = texts.write({ ...drop, pass: written });
  for (const typed of [
    text.toLowerCase(),
    text.replaceAll('-', ''),
    text.replaceAll('-', ' '),
    ` ${text}`,
    text.replaceAll('0', 'O').replaceAll('1', 'l'),
    text.replaceAll('1', 'i'),
  ])
    t.deepEqual(texts.read(typed, 'd_1', 'ann'), written, typed);
});

test('D9: a pass with any other character, drop or user is none', (t) => {
  fc.assert(
    fc.property(
      pass,
      fc.nat(29),
      fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZU!'.split('')),
      (written, at, other) => {
        const text = texts
          .write({ dropId: 'd_1', userId: 'ann', pass: written })
          .replaceAll('-', '');
        if (at >= text.length || text[at] === other) return;
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        t.is(texts.read(changed, 'd_1', 'ann'), null, changed);
      },
    ),
    { numRuns: 1_000 },
  );
  const text = texts.write({ dropId: 'd_1', userId: 'ann', pass: { number: 5, from: 0 } });
  t.is(texts.read(text, 'd_2', 'ann'), null);
  t.is(texts.read(text, 'd_1', 'bob'), null);
  for (const wrong of ['', '-', 'ß', '💔'.repeat(12), 'x'.repeat(25), text.slice(1), `${text}0`])
    t.is(texts.read(wrong, 'd_1', 'ann'), null, wrong);
});

test('D9: a new secret signs, and those of before verify for as long as they are there', (t) => {
  const written = { number: 5, from: 0 };
  const old = texts.write({ ...drop, pass: written });
  const both = new PassTexts([NEW, OLD]);
  t.deepEqual(both.read(old, 'd_1', 'ann'), written);
  const fresh = both.write({ ...drop, pass: written });
  t.not(fresh, old);
  t.is(texts.read(fresh, 'd_1', 'ann'), null);
  t.deepEqual(new PassTexts([NEW]).read(fresh, 'd_1', 'ann'), written);
  t.is(new PassTexts([NEW]).read(old, 'd_1', 'ann'), null);
});
