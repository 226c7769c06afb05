// The change stream for a thread that only reads it, on a connection of its own, and what such a
// thread reads besides.

import { join } from 'node:path';
import type { AccountStore } from '../../ports/accounts.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import type { ChangeStream } from '../../ports/change-stream.ts';
import type { FollowStore } from '../../ports/follows.ts';
import type { RecipientStore } from '../../ports/recipients.ts';
import { openReaderDatabase } from '../thread/database.ts';
import { SqliteAccountStore } from './accounts-sqlite.ts';
import { AppendSignal } from './append-signal.ts';
import { SqliteCatalogue } from './catalogue-sqlite.ts';
import { SqliteChangeStream } from './change-stream-sqlite.ts';
import { SqliteRecipientReader } from './recipients-sqlite.ts';
import { SqliteFollowStore } from './follows-sqlite.ts';

export interface SqliteChangeReader {
  readonly changes: ChangeStream;
  readonly accounts: Pick<AccountStore, 'findRemovedUser'>;
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  readonly follows: Pick<FollowStore, 'counts'>;
  readonly recipients: Pick<RecipientStore, 'any' | 'findAll'>;
  close(): Promise<void>;
}

/** Of a data directory that a server has opened before. Errors: SQLite's own. */
export function openSqliteChangeReader(directory: string): SqliteChangeReader {
  const reader = openReaderDatabase(join(directory, 'catalogue.db'));
  const writer = { submit: () => Promise.reject(new Error('this connection only reads')) };
  // No signal comes from another thread: what is new is found by reading.
  const database = { reader, writer, signal: new AppendSignal() };
  return {
    changes: new SqliteChangeStream(database),
    accounts: new SqliteAccountStore(database),
    catalogue: new SqliteCatalogue(database),
    follows: new SqliteFollowStore(database),
    recipients: new SqliteRecipientReader(database),
    async close() {
      reader.close();
    },
  };
}
