// News of the journals become jobs: where this node traces, in the trace of their entry.

import { inSpan } from '../actors/tracing/open-span.ts';
import type { Tracing } from '../actors/tracing/tracing.ts';
import { type EntryNews, entryOf, type NewsQueue } from '../events/reach/news-queue.ts';
import { entryContext } from '../actors/tracing/trace-context.ts';

/** Errors: those of `NewsQueue.add`. */
export async function addNews(
  queue: NewsQueue,
  news: EntryNews,
  tracing: Tracing | null,
): Promise<void> {
  if (tracing === null) return await queue.add(news);
  const parent = entryContext(entryOf(news));
  await inSpan(tracing, { name: 'news', kind: 'consumer', parent }, () => queue.add(news));
}
