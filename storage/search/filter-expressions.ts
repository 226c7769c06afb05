// The filters of a search as expressions: a document passes a filter where it has one of its
// tokens.

import type { SearchFilter } from '../../contracts/search.ts';
import { any, type Expression, token } from './expression.ts';
import {
  amountTokens,
  creatorToken,
  currencyToken,
  statusToken,
  typeToken,
} from './index-tokens.ts';

interface Counts {
  /** How many documents have a token that is no word, at most. */
  documentsWithToken(name: string): number;
}

export function filterExpressions(query: SearchFilter, vocabulary: Counts): Expression[] {
  const { type, status, creatorId, currency, amountMin, amountMax } = query;
  const filters: Expression[] = [];
  const add = (name: string) => filters.push(token(name, vocabulary.documentsWithToken(name)));
  if (type !== undefined) add(typeToken(type));
  if (status !== undefined) add(statusToken(status));
  if (creatorId !== undefined) add(creatorToken(creatorId));
  if (currency !== undefined) add(currencyToken(currency));
  if (amountMin !== undefined || amountMax !== undefined) {
    const tokens = amountTokens(amountMin ?? 0, amountMax ?? Number.MAX_SAFE_INTEGER);
    const amounts = tokens.map((name) => token(name, vocabulary.documentsWithToken(name)));
    filters.push(amounts.length === 0 ? token('none', 0) : any(amounts));
  }
  return filters;
}
