// Folding: two spellings that a reader takes for the same become the same text. Compatibility forms
// (NFKC), case, and marks over letters where leaving them out gives no other word. It is no
// stemming: no ending is ever cut off.

/** What case mapping and decomposition leave apart. */
const LETTERS: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ς: 'σ',
  // Arabic: the endings that are written either way.
  ة: 'ه',
  ى: 'ي',
  // Persian forms of the same letters.
  ی: 'ي',
  ک: 'ك',
};
const OTHER_LETTERS = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');
/**
 * Marks of Latin, Greek and Cyrillic, vowel points of Hebrew and Arabic, and the Arabic filler
 * (tatweel). Not the breve of й, which is another letter than и. Marks of other scripts, such as
 * Thai vowels or the dakuten of Japanese, tell words apart and stay.
 */
const MARKS = new RegExp(
  [
    String.raw`(?<!и)\u0306`,
    String.raw`[\u0300-\u0305\u0307-\u036f]`,
    String.raw`[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]`,
    String.raw`[\u0610-\u061a\u0640\u064b-\u065f\u0670\ufe0f]`,
  ].join('|'),
  'gu',
);
const ASCII = /^[\0-\x7f]*$/;

/** Idempotent. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  // By way of capitals, because only these bring ß and ss together.
  return text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFD')
    .replace(MARKS, '')
    .normalize('NFC')
    .replace(OTHER_LETTERS, (letter) => LETTERS[letter]!);
}

const UMLAUTS = /[äöüÄÖÜ]/gu;

/**
 * The spelling of German umlauts with two letters ("Muetze" for "Mütze"), folded; null where there
 * are none.
 */
export function foldUmlauts(text: string): string | null {
  if (ASCII.test(text)) return null;
  const composed = text.normalize('NFC');
  const spelled = composed.replace(UMLAUTS, (letter) => `${letter.normalize('NFD')[0]}e`);
  return spelled === composed ? null : fold(spelled);
}
