// Names as people write them, and as nobody can read them (A1b).

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Register } from '../../contracts/accounts.ts';
import { compileCheck } from '../../contracts/check.ts';
import { NewProduct, ProductPatch } from '../../contracts/products.ts';
import { Dismissal } from '../../contracts/refunds.ts';

const checks = [
  (name: string) => register({ email: 'ada@example.com', password: 'correct horse', name }),
  (name: string) => newProduct({ name }),
  (name: string) => productPatch({ name }),
  (name: string) => dismissal({ reason: name }),
];
const register = compileCheck(Register);
const newProduct = compileCheck(NewProduct);
const productPatch = compileCheck(ProductPatch);
const dismissal = compileCheck(Dismissal);

/** The schemas agree: names of users and products, and other lines of text. */
function isName(t: ExecutionContext, name: string): boolean {
  const answers = checks.map((check) => check(name).ok);
  t.is(new Set(answers).size, 1, JSON.stringify(name));
  return answers[0]!;
}

const READABLE = [
  'Ada',
  'José',
  'Jose\u0301',
  'O’Neil & Søns, Ltd.',
  '山田 太郎',
  'a\u3000b',
  'אדם כהן',
  'محمد',
  'می\u200cخواهم',
  'ශ\u0dca\u200dරී',
  'അവന\u0d4d\u200d',
  'क\u094d\u200cष',
  '葛\u{E0100}城',
  'ᠮᠣᠩ\u180bᠭᠣᠯ',
  '👨\u200d👩\u200d👧\u200d👦',
  '🏳\ufe0f\u200d🌈',
  '👩🏽\u200d🚀',
  '1\ufe0f\u20e3',
  '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
  '!',
];

/** What shows nothing, or moves what stands beside it. */
const REFUSED_ANYWHERE = fc.oneof(
  fc.constantFrom(
    ...Array.from('\u00ad\u061c\u115f\u1160\u17b4\u180e\u200b\u200e\u200f\u2028\u2029\u2060'),
  ),
  fc.constantFrom(...Array.from('\u2800\u3164\ufeff\uffa0\ufff9\ufffe\0\t\n\r\u007f\u0085')),
  fc.integer({ min: 0x202a, max: 0x202e }).map((code) => String.fromCodePoint(code)),
  fc.integer({ min: 0x2066, max: 0x2069 }).map((code) => String.fromCodePoint(code)),
  fc.constantFrom('\u{1D159}', '\u{1D173}', '\u{1BCA0}', '\u{E0001}', '\u{E0FFF}', '\ud800'),
);
const JOINERS = ['\u034f', '\u200c', '\u200d'];
const SELECTORS = ['\u180b', '\ufe00', '\ufe0f', '\u{E0100}', '\u{E01EF}'];
const INVISIBLE = [...JOINERS, ...SELECTORS, ' ', '\u00a0', '\u0301', '\u{E0067}'];

test('A1b: names in all scripts, and emoji with their joiners and selectors, are names', (t) => {
  for (const name of READABLE) t.true(isName(t, name), JSON.stringify(name));
  const several = fc.array(fc.constantFrom(...READABLE), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(several, (names) => isName(t, names.join(' '))));
});

test('A1b: one invisible or overriding character anywhere makes a name none', (t) => {
  for (const name of ['\u200b', '\u3164', '\u202egnp', 'a\u2028b']) t.false(isName(t, name));
  const placed = fc.record({
    before: fc.constantFrom('', ...READABLE),
    refused: REFUSED_ANYWHERE,
    after: fc.constantFrom('', ...READABLE),
  });
  fc.assert(
    fc.property(placed, ({ before, refused, after }) => !isName(t, before + refused + after)),
    { numRuns: 1_000 },
  );
});

test('A1b: what shows nothing alone is no name, however much there is of it', (t) => {
  const nothing = fc.array(fc.constantFrom(...INVISIBLE), { maxLength: 20 });
  fc.assert(fc.property(nothing, (parts) => !isName(t, parts.join(''))));
});

test('A1b: joiners and selectors stand behind a character, one of each', (t) => {
  for (const joiner of JOINERS) {
    t.true(isName(t, `a${joiner}b`));
    for (const text of [`${joiner}a`, `a${joiner}`, `a ${joiner}b`, `a${joiner} b`])
      t.false(isName(t, text), JSON.stringify(text));
    t.false(isName(t, `a${joiner}${joiner}b`), JSON.stringify(joiner));
  }
  for (const selector of SELECTORS) {
    t.true(isName(t, `a${selector}`));
    for (const text of [`${selector}a`, `a ${selector}`, `a${selector}${selector}`])
      t.false(isName(t, text), JSON.stringify(text));
  }
});

test('A1b: any name that passes has a visible character', (t) => {
  const alphabet = [
    ...INVISIBLE,
    ...READABLE.flatMap((name) => Array.from(name)),
    '\u3164',
    '\u202e',
  ];
  const texts = fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 8 });
  const SEEN = /(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}\p{P}\p{S}]/u;
  const HIDDEN = /[\u3164\u202e]/u;
  fc.assert(
    fc.property(texts, (parts) => {
      const name = parts.join('');
      return !isName(t, name) || (SEEN.test(name) && !HIDDEN.test(name));
    }),
    { numRuns: 2_000 },
  );
});
