// One form for each e-mail address, however it is written (A1b).

import test from 'ava';
import fc from 'fast-check';
import { canonicalEmail } from '../../app/email-address.ts';
import { EMAIL } from '../../contracts/patterns.ts';

const form = new RegExp(EMAIL, 'u');

const SAME: Readonly<Record<string, readonly string[]>> = {
  'ada@example.com': [
    'ada@example.com',
    ' ADA@Example.COM ',
    'ada@example。com',
    'ada@ｅxample.com',
  ],
  'ada@xn--bcher-kva.example': [
    'ada@bücher.example',
    'Ada@BÜCHER.example',
    'ada@bu\u0308cher.example',
    'ada@XN--BCHER-KVA.example',
  ],
  'jörg@example.com': ['jörg@example.com', 'JÖRG@example.com', 'jo\u0308rg@example.com'],
  'user@xn--r8jz45g.jp': ['user@例え.jp', 'user@例え。jp'],
};

test('A1b: an address has one form in any case, composition and spelling of its domain', (t) => {
  for (const [canonical, writings] of Object.entries(SAME)) {
    t.regex(canonical, form);
    for (const written of writings) t.is(canonicalEmail(written), canonical, written);
  }
});

test('A1b: addresses in ASCII keep the form that accounts of before are stored in', (t) => {
  for (const email of ['a@1.2.3', "o'neil+x@a-b.example", 'a@xn--0', 'A_b@LOCALHOST'])
    t.is(canonicalEmail(email), email.toLowerCase());
});

test('A1b: a domain without an ASCII form, or an invisible character, is no address', (t) => {
  for (const email of [
    'a@ü..example',
    `a@${'ü'.repeat(63)}.example`,
    'a@ü.-x',
    'a\u3164@ü.example',
  ])
    t.notRegex(canonicalEmail(email), form, email);
});

test('A1b: the form of a form is itself', (t) => {
  const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const stays = fc.property(part, part, (mailbox, domain) => {
    const canonical = canonicalEmail(`${mailbox}@${domain}.example`);
    return !form.test(canonical) || canonicalEmail(canonical) === canonical;
  });
  t.notThrows(() => fc.assert(stays, { numRuns: 2_000 }));
});
