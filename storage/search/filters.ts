// The filters of a search.

import type { SearchDocument } from '../ports/search-index.ts';
import type { SearchFilter } from '../../contracts/search.ts';

/** Whether a document passes the filters of a query, and has what it is sorted by. */
export function passesFilters(document: SearchDocument, query: SearchFilter): boolean {
  const { type, status, creatorId, currency, amountMin, amountMax, sort } = query;
  const { amount } = document;
  if (type !== undefined && document.type !== type) return false;
  if (status !== undefined && document.status !== status) return false;
  if (creatorId !== undefined && document.creatorId !== creatorId) return false;
  if (currency !== undefined && document.currency !== currency) return false;
  if (amountMin !== undefined && (amount === null || amount < amountMin)) return false;
  if (amountMax !== undefined && (amount === null || amount > amountMax)) return false;
  if (sort === 'starting') return document.startsAt !== null;
  return sort !== 'price' || amount !== null;
}
