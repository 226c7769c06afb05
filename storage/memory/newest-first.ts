// Paging over an unsorted collection in memory. It sorts the collection for each page, so it is for
// tests only.

import { decodeCursor, encodeCursor, type ListName, type ListPosition } from '../formats/cursor.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

/**
 * The page after `page.cursor`, newest first. `compare` is negative for an older first position: by
 * time, then by id, unless given.
 */
export function pageNewestFirst<T>(
  list: ListName,
  items: Iterable<T>,
  positionOf: (item: T) => ListPosition,
  page: PageRequest,
  compare = compareByTimeAndId,
): Page<T> {
  const start = decodeCursor(list, page.cursor);
  const below = [...items].filter((item) => compare(positionOf(item), start) < 0);
  below.sort((a, b) => compare(positionOf(b), positionOf(a)));
  const shown = below.slice(0, page.limit);
  const last = shown.at(-1);
  const more = last !== undefined && below.length > shown.length;
  return { items: shown, nextCursor: more ? encodeCursor(list, positionOf(last)) : null };
}

function compareByTimeAndId(a: ListPosition, b: ListPosition): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
