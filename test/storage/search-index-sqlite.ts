// A search index on SQLite for a test, closed and removed at its end.

import type { ExecutionContext } from 'ava';
import { openSearchReader } from '../../storage/sqlite/search/search-reader-sqlite.ts';
import { openSearchWriter } from '../../storage/sqlite/search/search-writer-sqlite.ts';
import type { SearchIndex } from './contract/search-index.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

export async function openSearchIndex(
  t: ExecutionContext,
  reading: { readonly monotonic?: () => number; readonly streamLogBytesMax?: number } = {},
): Promise<SearchIndex> {
  const folder = temporaryDirectory();
  const writer = await openSearchWriter({ folder });
  const reader = openSearchReader({ folder, ...reading });
  t.teardown(async () => {
    await reader.close();
    await writer.close();
    removeDirectory(folder);
  });
  return {
    feed: writer.feed,
    size: () => writer.size(),
    rebuild: () => writer.rebuild(),
    isRebuilding: () => writer.isRebuilding(),
    search: (request) => reader.search(request),
    suggest: (text, type, limit) => reader.suggest(text, type, limit),
    stream: (query) => reader.stream(query),
  };
}
