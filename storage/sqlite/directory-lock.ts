// Locks a data directory for one process. The lock is an exclusive transaction on a small SQLite
// file. The operating system releases it when the process ends, also after a crash, so it is never
// stale.

import { join } from 'node:path';
import Database from 'better-sqlite3';

export class DirectoryInUseError extends Error {
  readonly code = 'directory-in-use';
}

/** Returns a function that releases the lock. Errors: `directory-in-use`. */
export function lockDirectory(directory: string): () => void {
  const database = new Database(join(directory, 'lock.db'), { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if (!(error instanceof Database.SqliteError) || error.code !== 'SQLITE_BUSY') throw error;
    throw new DirectoryInUseError(`${directory} is in use by another LiveDrops process`);
  }
  return () => database.close();
}
