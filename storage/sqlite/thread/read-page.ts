// Reads one page of a list with an ordered index. It reads one row more than the page shows, to
// know whether another page follows.

import {
  decodeCursor,
  encodeCursor,
  type ListName,
  type ListPosition,
} from '../../formats/cursor.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';

/**
 * `read` returns at most `limit` items below the position, in the list's order. Errors:
 * `invalid-cursor`.
 */
export function readPage<T>(
  list: ListName,
  page: PageRequest,
  read: (start: ListPosition, limit: number) => T[],
  positionOf: (item: T) => ListPosition,
): Page<T> {
  const items = read(decodeCursor(list, page.cursor), page.limit + 1);
  if (items.length <= page.limit) return { items, nextCursor: null };
  items.length = page.limit;
  return { items, nextCursor: encodeCursor(list, positionOf(items[page.limit - 1]!)) };
}
