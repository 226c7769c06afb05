// The program of the thread that searches. A stream has a connection of its own, whose transaction
// is the moment that the stream shows.

import type { Database } from 'better-sqlite3';
import type { SearchType } from '../../../contracts/search.ts';
import {
  type SearchHit,
  type SearchPage,
  type SearchRequest,
  type StatusCount,
  STREAM_CHUNK_HITS,
  type Suggestion,
} from '../../ports/search-index.ts';
import type { SearchFilter } from '../../../contracts/search.ts';
import { openReaderDatabase } from '../thread/database.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';
import { Searcher } from './searcher.ts';

export interface StreamChunk {
  readonly hits: readonly SearchHit[];
  readonly isLast: boolean;
}

interface OpenStream {
  readonly database: Database;
  readonly searcher: Searcher;
  readonly query: SearchFilter;
  cursor: string | null;
}

export type SearchReaderHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const database = openReaderDatabase(options.file);
  const searcher = new Searcher(database);
  const streams = new Map<number, OpenStream>();

  const closeStream = (id: number) => {
    streams.get(id)?.database.close();
    streams.delete(id);
  };

  return {
    database,
    begin: 'begin',
    // Selling comes first.
    hasLowPriority: true,
    handlers: {
      search: (request: SearchRequest): SearchPage => searcher.page(request),

      counts: (query: SearchFilter): StatusCount[] => searcher.counts(query),

      suggest: (text: string, type: SearchType | null, limit: number): Suggestion[] =>
        searcher.suggest(text, type, limit),

      openStream(id: number, query: SearchFilter): void {
        const own = openReaderDatabase(options.file);
        own.exec('begin');
        // A transaction begins with the first read.
        own.prepare('select count(*) from ranks').get();
        streams.set(id, { database: own, searcher: new Searcher(own), query, cursor: null });
      },

      /** The next hits, or none of them where a step's work was used up. Null: there is no such
       * stream. */
      readStream(id: number): StreamChunk | null {
        const stream = streams.get(id);
        if (stream === undefined) return null;
        const page = { limit: STREAM_CHUNK_HITS, cursor: stream.cursor };
        const { hits, nextCursor } = stream.searcher.page({ ...stream.query, page });
        stream.cursor = nextCursor;
        if (nextCursor === null) closeStream(id);
        return { hits, isLast: nextCursor === null };
      },

      closeStream: (id: number): void => closeStream(id),
    },
  } satisfies Program;
}
