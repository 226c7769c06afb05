// The change stream for a thread that only reads it, on a connection of its own.

import { join } from 'node:path';
import type { ChangeStream } from '../../ports/change-stream.ts';
import { openReaderDatabase } from '../thread/database.ts';
import { AppendSignal } from './append-signal.ts';
import { SqliteChangeStream } from './change-stream-sqlite.ts';

export interface SqliteChangeReader {
  readonly changes: ChangeStream;
  close(): Promise<void>;
}

/** Of a data directory that a server has opened before. Errors: SQLite's own. */
export function openSqliteChangeReader(directory: string): SqliteChangeReader {
  const reader = openReaderDatabase(join(directory, 'catalogue.db'));
  const writer = { submit: () => Promise.reject(new Error('this connection only reads')) };
  // No signal comes from another thread: what is new is found by reading.
  const changes = new SqliteChangeStream({ reader, writer, signal: new AppendSignal() });
  return {
    changes,
    async close() {
      reader.close();
    },
  };
}
