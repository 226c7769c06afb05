// One process at a time uses a data directory. The lock is an exclusive transaction on a small
// SQLite file: the operating system takes it away with the process, however that ends, so nothing
// stale can stay behind.

import { join } from 'node:path';
import Database from 'better-sqlite3';

export class DirectoryInUseError extends Error {
  readonly code = 'directory-in-use';
}

/** Returns a function that gives the directory free. Errors: `directory-in-use`. */
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
