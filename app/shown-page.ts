// Pages of lists without what is taken down (A11).

import type { Page, PageRequest } from '../contracts/paging.ts';

/** Pages that are read for one answer while all that they have is hidden. */
const PAGE_ROUNDS_MAX = 8;

/**
 * The next page that shows something. One with a cursor is empty only where very much is hidden.
 * Errors: those of `read`.
 */
export async function shownPage<T>(
  page: PageRequest,
  read: (page: PageRequest) => Promise<Page<T>>,
  isShown: (item: T) => boolean,
): Promise<Page<T>> {
  const { limit } = page;
  let { cursor } = page;
  for (let round = 1; ; round++) {
    const { items, nextCursor } = await read({ limit, cursor });
    const shown = items.filter(isShown);
    if (shown.length > 0 || nextCursor === null || round === PAGE_ROUNDS_MAX)
      return { items: shown, nextCursor };
    cursor = nextCursor;
  }
}
