// What of a document's row its tokens are made from. Read as arrays, which takes half the time of
// objects with all columns.

import type { TokenSource } from '../../search/token-writer.ts';
import { STATUS_CODES, TYPE_CODES } from '../../search/index-tokens.ts';

export const TOKEN_COLUMNS =
  'place, type, name, description, creator_id, creator_name, status, currency, amount';

export type TokenRow = readonly [
  place: number,
  type: number,
  name: string,
  description: string,
  creatorId: string,
  creatorName: string,
  status: number | null,
  currency: string | null,
  amount: number | null,
];

export function tokenSourceOf(row: TokenRow): TokenSource {
  const [, type, name, description, creatorId, creatorName, status, currency, amount] = row;
  return {
    type: TYPE_CODES[type]!,
    name,
    description,
    creatorId,
    creatorName,
    status: status === null ? null : STATUS_CODES[status]!,
    currency,
    amount,
  };
}
