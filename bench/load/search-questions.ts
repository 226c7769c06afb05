// What is asked of a catalogue, in kinds.

import { randomNumbers } from './random.ts';
import {
  commonMisspellings,
  type Misspelling,
  mistyped,
  type SearchCatalogue,
} from './search-catalogue.ts';
import { editDistance } from '../../storage/search/edits.ts';

export const KINDS = [
  'rare',
  'common',
  'two',
  'prefix',
  'typo',
  'nothing',
  'letter',
  'words',
] as const;
export type Kind = (typeof KINDS)[number];

const SEED = 11;
const MISSPELLINGS = 2_000;

export class SearchQuestions {
  readonly #catalogue: SearchCatalogue;
  readonly #products: number;
  readonly #misspellings: readonly Misspelling[];

  constructor(catalogue: SearchCatalogue, products: number) {
    this.#catalogue = catalogue;
    this.#products = products;
    // Those that are one edit away, every so many of the list.
    const all = commonMisspellings().filter(({ wrong, right }) =>
      right.some((word) => editDistance(wrong, word, 1) === 1),
    );
    const most = Math.min(MISSPELLINGS, Math.floor(products / 4));
    const step = Math.max(1, Math.floor(all.length / most));
    this.#misspellings = all.filter((_, index) => index % step === 0).slice(0, most);
  }

  /** The first products have the right words of misspellings as their brands. */
  product(index: number) {
    const right = this.#misspellings[index]?.right[0];
    const brand = right === undefined ? undefined : right[0]!.toUpperCase() + right.slice(1);
    return this.#catalogue.product(index, this.#products, brand);
  }

  /** The texts of a kind, the same for a seed. */
  texts(kind: Kind, count: number, seed: number): string[] {
    const random = randomNumbers(SEED + seed);
    const words = () => this.product(Math.floor(random() * this.#products)).name.split(' ');
    const make: Readonly<Record<Kind, () => string>> = {
      rare: () => words()[0]!,
      common: () => words()[1]!,
      two: () => `${words()[1]!} ${words()[3]!}`,
      prefix: () => words()[0]!.slice(0, 3),
      typo: () => mistyped(words()[0]!.toLowerCase(), random),
      nothing: () => 'zqxjkv wqzxjk',
      letter: () => words()[0]![0]!,
      words: () => Array.from({ length: 50 }, () => words().slice(0, 4).join(' ')).join(' '),
    };
    return Array.from({ length: count }, make[kind]);
  }

  /** Mistyped words, with the words that are meant, in lower case. */
  seededTypos(count: number): Misspelling[] {
    const random = randomNumbers(SEED);
    const typos: Misspelling[] = [];
    while (typos.length < count) {
      const { name } = this.product(Math.floor(random() * this.#products));
      const words = name.toLowerCase().split(' ').slice(0, 4);
      const right = words[Math.floor(random() * words.length)]!;
      const wrong = mistyped(right, random);
      if (right.length >= 4 && wrong.length >= 4 && wrong !== right)
        typos.push({ wrong, right: [right] });
    }
    return typos;
  }

  misspellings(): readonly Misspelling[] {
    return this.#misspellings;
  }
}
