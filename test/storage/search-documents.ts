// Documents of the search index, for tests.

import type { SearchDocument } from '../../storage/ports/search-index.ts';

let made = 0;

/** A product with an id of its own, unless `change` says otherwise. */
export function searchDocument(change: Partial<SearchDocument> = {}): SearchDocument {
  made += 1;
  return {
    type: 'product',
    id: `p_${String(made).padStart(6, '0')}`,
    listed: true,
    name: 'Something',
    description: '',
    creatorId: 'u_1',
    creatorName: 'Ada',
    productId: null,
    status: null,
    currency: null,
    amount: null,
    startsAt: null,
    createdAt: 1,
    popularity: 0,
    source: 0,
    version: 1,
    ...change,
  };
}

export function searchDrop(change: Partial<SearchDocument> = {}): SearchDocument {
  made += 1;
  return searchDocument({
    type: 'drop',
    id: `d_${String(made).padStart(6, '0')}`,
    productId: 'p_1',
    status: 'live',
    currency: 'EUR',
    amount: 1000,
    startsAt: 1,
    ...change,
  });
}
