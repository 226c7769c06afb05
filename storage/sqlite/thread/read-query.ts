// Turns the SQLite errors of reads on the main thread into `store-unavailable`, as the ports
// require.

import Database from 'better-sqlite3';
import { StoreUnavailableError } from '../../ports/journal.ts';

export function readQuery<T>(query: () => T): T {
  try {
    return query();
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new StoreUnavailableError(`${error.code}: ${error.message}`, { cause: error });
  }
}
