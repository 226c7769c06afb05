// A spill store in a private temporary database of SQLite. Its file has no name, so it ends with
// the process, also after a crash. SQLite puts it into the first existing directory of
// SQLITE_TMPDIR, TMPDIR and /var/tmp.

import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { StoreUnavailableError } from '../ports/journal.ts';
import type { SpillStore } from '../ports/spill.ts';

/** SQLite's page cache. Past it, written bytes go into the file. */
const CACHE_KIB = 1024;

export class SqliteSpillStore implements SpillStore {
  readonly #database: Database;
  readonly #write: Statement<[string, Uint8Array]>;
  readonly #read: Statement<[string], Buffer>;
  readonly #keys: Statement<[string, string, string, number], string>;

  constructor() {
    this.#database = new Sqlite('');
    this.#database.pragma('journal_mode = off');
    this.#database.pragma(`cache_size = -${CACHE_KIB}`);
    this.#database.exec('create table spill (key text primary key, bytes blob not null) strict');
    // Never committed: a commit would write the cache into the file.
    this.#database.exec('begin');
    this.#write = this.#database.prepare('replace into spill (key, bytes) values (?, ?)');
    this.#read = this.#database
      .prepare<[string], Buffer>('select bytes from spill where key = ?')
      .pluck();
    this.#keys = this.#database
      .prepare<[string, string, string, number], string>(
        'select key from spill where key >= ? and key < ? and key > ? order by key limit ?',
      )
      .pluck();
  }

  write(key: string, bytes: Uint8Array): void {
    try {
      this.#write.run(key, bytes);
    } catch (error) {
      throw new StoreUnavailableError(`a temporary file: ${(error as Error).message}`);
    }
  }

  read(key: string): Uint8Array | undefined {
    return this.#read.get(key);
  }

  keys(prefix: string, after: string, limit: number): string[] {
    return this.#keys.all(prefix, endOf(prefix), after, limit);
  }

  remove(prefix: string): void {
    this.#database
      .prepare('delete from spill where key >= ? and key < ?')
      .run(prefix, endOf(prefix));
  }

  close(): void {
    this.#database.close();
  }
}

/** Above all keys that begin with the prefix. */
function endOf(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
