// Journals and snapshots for a thread that only reads, on a connection of its own. A read blocks
// that thread only.

import { join } from 'node:path';
import type { JournalReader } from '../../ports/journal.ts';
import type { SnapshotHeads, SnapshotReader } from '../../ports/snapshots.ts';
import type { Submits } from '../thread/thread.ts';
import type { JournalHandlers } from './journal-program.ts';
import { type JournalReaderHandlers, open } from './journal-reader-program.ts';
import { SqliteJournal } from './journal-sqlite.ts';
import { SqliteSnapshotStore } from './snapshots-sqlite.ts';

export interface SqliteJournalReader {
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader & SnapshotHeads;
  close(): Promise<void>;
}

/** A server must have opened the data directory before. Errors: SQLite's own. */
export function openSqliteJournalReader(directory: string): SqliteJournalReader {
  const file = join(directory, 'journal.db');
  const { database, handlers, transfers } = open({ file, walBytesMax: 0, pageCountMax: 0 });
  type Handler = (...parameters: unknown[]) => unknown;
  const run = database.transaction((name: keyof JournalReaderHandlers, parameters: unknown[]) =>
    (handlers[name] as Handler)(...parameters),
  );
  const reader = {
    submit: async (name: keyof JournalReaderHandlers, ...parameters: unknown[]) => {
      const answer = run(name, parameters);
      // No memory is transferred: the results stay in this thread.
      transfers.length = 0;
      return answer;
    },
  } as Submits<JournalReaderHandlers>;
  const writer: Submits<JournalHandlers> = {
    submit: () => Promise.reject(new Error('this connection only reads')),
  };
  return {
    journal: new SqliteJournal({ reader, writer }),
    snapshots: new SqliteSnapshotStore({ reader, writer }),
    async close() {
      database.close();
    },
  };
}
