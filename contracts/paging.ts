// Paging, the same for every list: a page costs the same at any depth because it continues from a
// position, never from an offset (H3).

import { type TSchema, Type } from 'typebox';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './bounds.ts';
import type { Plain } from './plain.ts';
import { STRICT, textOrNull, TOKEN_TEXT } from './scalars.ts';

export const PageRequest = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX }),
  /** Where the last page ended, exactly as the store gave it; null for the first page. */
  cursor: textOrNull,
});
export type PageRequest = Plain<typeof PageRequest>;

export interface Page<T> {
  readonly items: readonly T[];
  /** Null when there is nothing after this page. */
  readonly nextCursor: string | null;
}

// On the wire

export const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT }),
);
const cursor = Type.Optional(
  Type.String({ ...TOKEN_TEXT, description: 'nextCursor of the page before' }),
);
export const paging = { limit, cursor };
export const PageQuery = Type.Object(paging, STRICT);

export function list<S extends TSchema>(item: S, title: string) {
  return Type.Object({ items: Type.Array(item), nextCursor: textOrNull }, { title });
}
