// Products that are searched beside a sale, and the searches, for any load of kinds of requests.

import { accessToken } from '../servers/sale-client.ts';
import { randomNumbers } from './random.ts';
import type { RequestKind } from './request-plan.ts';
import { mistyped, SearchCatalogue } from './search-catalogue.ts';

export interface SearchedProductsJob {
  readonly products: number;
}

/** The name under which latencies of searches are reported. */
export const SEARCHED = 'searched';
const SEED = 5;
const QUESTIONS = 4_096;

/** Different ones: a brand, a brand with one edit, two words of a name, three letters. */
export function searchRequests({ products }: SearchedProductsJob, weight: number): RequestKind {
  const catalogue = new SearchCatalogue();
  const random = randomNumbers(SEED);
  const paths = Array.from({ length: QUESTIONS }, (_, number) => {
    const { name } = catalogue.product(Math.floor(random() * products), products);
    const [brand = '', second = '', third = ''] = name.split(' ');
    const questions = [brand, mistyped(brand, random), `${second} ${third}`, brand.slice(0, 3)];
    return `/v1/search?q=${encodeURIComponent(questions[number % questions.length]!)}`;
  });
  const tokens = [accessToken('searcher')];
  return { name: SEARCHED, weight, method: 'GET', paths, tokens, body: null, keyed: false };
}
