// A catalogue of products to search, the same for a seed: words of faker in the frequencies of its
// templates, and brands and models that few products have. Also what people look for in it, written
// right and mistyped.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Faker, en } from '@faker-js/faker';
import type { SearchDocument } from '../../storage/ports/search-index.ts';
import { randomNumbers } from './random.ts';

const SEED = 4;
const PRODUCT_NAMES = 20_000;
const DESCRIPTIONS = 5_000;
const PEOPLE = 20_000;
const CONSONANTS = 'bdfgklmnprstvz';
const VOWELS = 'aeiou';
/** Products of one brand, on average. */
const BRAND_PRODUCTS = 8;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DAY_MS = 86_400_000;

export interface Misspelling {
  readonly wrong: string;
  readonly right: readonly string[];
}

export class SearchCatalogue {
  readonly #names: readonly string[];
  readonly #descriptions: readonly string[];
  readonly #people: readonly string[];

  constructor() {
    const faker = new Faker({ locale: en, seed: SEED });
    const many = (count: number, make: () => string) => Array.from({ length: count }, make);
    this.#names = many(PRODUCT_NAMES, () => faker.commerce.productName());
    this.#descriptions = many(DESCRIPTIONS, () => faker.commerce.productDescription());
    this.#people = many(PEOPLE, () => faker.person.fullName());
  }

  /** Product number `index` of `count`; with `word`, which then is its brand. */
  product(index: number, count: number, word?: string): SearchDocument {
    const random = randomNumbers(SEED + 7919 * index);
    const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
    const brand = word ?? this.brand(Math.floor(random() * Math.ceil(count / BRAND_PRODUCTS)));
    const model =
      random() < 0.3 ? ` ${pick(['AJ', 'GT', 'RX', 'MK'])}-${Math.floor(random() * 9999)}` : '';
    const creator = Math.floor(random() * this.#people.length);
    return {
      type: 'product',
      id: `p_${String(index).padStart(9, '0')}`,
      listed: true,
      name: `${brand} ${pick(this.#names)}${model}`,
      description: pick(this.#descriptions),
      creatorId: `u_${creator}`,
      creatorName: this.#people[creator]!,
      productId: null,
      status: null,
      currency: null,
      amount: null,
      startsAt: null,
      createdAt: index * DAY_MS,
      popularity: Math.floor(1 / (0.000_01 + random() ** 2)),
      source: 0,
      version: 1,
    };
  }

  /** Coined: of three or four syllables and a letter. */
  brand(number: number): string {
    const random = randomNumbers(SEED + 104_729 * (number + 1));
    const letter = (letters: string) => letters[Math.floor(random() * letters.length)]!;
    let brand = letter(CONSONANTS).toUpperCase() + letter(VOWELS);
    for (let syllables = 2 + Math.floor(random() * 2); syllables > 0; syllables--)
      brand += letter(CONSONANTS) + letter(VOWELS);
    return brand + letter(LETTERS);
  }
}

/** One edit: a letter more, less or other, or two that changed places. */
export function mistyped(word: string, random: () => number): string {
  const at = Math.floor(random() * (word.length - 1));
  const letter = LETTERS[Math.floor(random() * 26)]!;
  const [before, here, after] = [word.slice(0, at), word[at]!, word.slice(at + 1)];
  const kind = Math.floor(random() * 4);
  if (kind === 0) return before + letter + here + after;
  if (kind === 1) return before + after;
  if (kind === 2) return before + letter + after;
  return before + after[0]! + here + after.slice(1);
}

/** People's own typos of single words. */
export function commonMisspellings(): Misspelling[] {
  const extension = createRequire(import.meta.url).resolve('@cspell/dict-en-common-misspellings');
  const file = join(dirname(extension), 'dict', 'dict-en.json');
  interface Dictionary {
    readonly dictionaryDefinitions: readonly [{ readonly suggestWords: readonly string[] }];
  }
  const { dictionaryDefinitions } = JSON.parse(readFileSync(file, 'utf8')) as Dictionary;
  return dictionaryDefinitions[0].suggestWords
    .map((line) => {
      const [wrong = '', right = ''] = line.split('->');
      return { wrong, right: right.split(', ') };
    })
    .filter(({ wrong, right }) => [wrong, ...right].every((word) => /^[a-z]{4,}$/.test(word)));
}
