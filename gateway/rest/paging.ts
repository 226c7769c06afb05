// The query parameters of all lists: the start and length of a page (H3).

import type { PageRequest } from '../../contracts/paging.ts';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/bounds.ts';

export function pageRequest(query: { limit?: number; cursor?: string }): PageRequest {
  return { limit: query.limit ?? PAGE_LIMIT_DEFAULT, cursor: query.cursor ?? null };
}

/** The same as query parameters, for the key of a cached page. */
export function paramsOf({ limit, cursor }: PageRequest): { limit: number; cursor?: string } {
  return cursor === null ? { limit } : { limit, cursor };
}
