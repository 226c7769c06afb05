// The query parameters of all lists: the start and length of a page (H3).

import type { PageRequest } from '../../contracts/paging.ts';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/bounds.ts';

export function pageRequest(query: { limit?: number; cursor?: string }): PageRequest {
  return { limit: query.limit ?? PAGE_LIMIT_DEFAULT, cursor: query.cursor ?? null };
}
