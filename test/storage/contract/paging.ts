// What every paged list must do, whatever is in it.

import type { ExecutionContext } from 'ava';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { failsWith } from './errors.ts';

type List<T> = (page: PageRequest) => Promise<Page<T>>;

/** All items, page by page; no page but the last may be short, and each cursor must lead on. */
export async function readAll<T>(t: ExecutionContext, list: List<T>, limit: number): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (;;) {
    const page: Page<T> = await list({ limit, cursor });
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    t.is(page.items.length, limit);
    t.not(page.nextCursor, cursor);
    cursor = page.nextCursor;
  }
}

export async function refusesForeignCursors<T>(t: ExecutionContext, list: List<T>): Promise<void> {
  const foreign = Buffer.from(JSON.stringify(['elsewhere', 1, 'a'])).toString('base64url');
  for (const cursor of ['', 'x', '{}', foreign, 'é', 'A'.repeat(10_000), `${foreign}=`]) {
    await failsWith(t, 'invalid-cursor', list({ limit: 10, cursor }));
  }
}
