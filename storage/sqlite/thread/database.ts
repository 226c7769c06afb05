// Opens SQLite files with the settings that all files of this product have: write-ahead log (WAL),
// schema created or migrated, and a bound on the size of the log.

import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { ProgramOptions } from './program.ts';

/**
 * Pages in the log before a commit also checkpoints. Small, so that no commit waits long for a
 * checkpoint.
 */
const CHECKPOINT_PAGES = 1000;
/** How long a truncation of the log may wait for readers, and any statement for a lock. */
const BUSY_TIMEOUT_MS = 250;
/** Commits between two checks of the size of the log. */
const WAL_CHECK_COMMITS = 32;
/** Under many orders a few seconds. */
const RETRY_COMMITS_MAX = 1024;
const CACHE_KIBIBYTES = 16_384;

export class SchemaTooNewError extends Error {
  readonly code = 'schema-too-new';
}

export interface WriterDatabaseOptions extends ProgramOptions {
  /**
   * `full`: a commit is on the disk when it returns. `normal`: a commit survives the end of this
   * process, but after a power failure the newest commits may be missing.
   */
  readonly synchronous: 'full' | 'normal';
  /** The page size of a new file; SQLite's own 4096 unless given. */
  readonly pageBytes?: number;
  /** One script for each version of the schema, oldest first. Append only. */
  readonly migrations: readonly string[];
}

/** Errors: `schema-too-new`; SQLite's own. */
export function openWriterDatabase(options: WriterDatabaseOptions): Database.Database {
  const database = new Database(options.file, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (options.pageBytes !== undefined) database.pragma(`page_size = ${options.pageBytes}`);
    database.pragma('journal_mode = wal');
    database.pragma(`synchronous = ${options.synchronous}`);
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.pragma(`journal_size_limit = ${options.walBytesMax}`);
    database.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
    migrate(database, options);
    if (options.pageCountMax > 0) limitPages(database, options.pageCountMax);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A connection for short reads. The writer must have opened the file before. */
export function openReaderDatabase(file: string): Database.Database {
  const options = { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS };
  const database = new Database(file, options);
  database.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
  return database;
}

/**
 * Bounds the file's size from now on, as a full disk would; never below its present size. 0 removes
 * the bound.
 */
export function limitPages(database: Database.Database, pages: number): void {
  database.pragma(`max_page_count = ${pages > 0 ? pages : 0xfffffffe}`);
}

function migrate(database: Database.Database, options: WriterDatabaseOptions): void {
  const { file, migrations } = options;
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > migrations.length) {
    throw new SchemaTooNewError(
      `${file} has schema ${version}, and this version knows ${migrations.length}: run a newer one`,
    );
  }
  database.transaction(() => {
    for (const script of migrations.slice(version)) database.exec(script);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}

/**
 * Bounds the write-ahead log of a database. An automatic checkpoint can restart the log only while
 * no reader uses it, so under readers without a pause the log would grow for ever. Past the bound
 * this waits for readers, at most `BUSY_TIMEOUT_MS`. Commits wait meanwhile, so a reader that lasts
 * longer, such as a backup, is waited for more and more rarely.
 */
export class WalBound {
  readonly #database: Pick<Database.Database, 'pragma'>;
  readonly #walFile: string;
  readonly #bytesMax: number;
  /** Commits until the next look at the size. */
  #commitsLeft = WAL_CHECK_COMMITS;
  /** Commits from a look at which readers did not make way to the next one. */
  #retryCommits = 1;

  constructor(options: {
    readonly database: Pick<Database.Database, 'pragma'>;
    readonly file: string;
    readonly walBytesMax: number;
  }) {
    this.#database = options.database;
    this.#walFile = `${options.file}-wal`;
    this.#bytesMax = options.walBytesMax;
  }

  /** Call it after every commit. */
  committed(): void {
    this.#commitsLeft -= 1;
    if (this.#commitsLeft > 0) return;
    this.#commitsLeft = WAL_CHECK_COMMITS;
    const isOver = statSync(this.#walFile).size > this.#bytesMax;
    if (isOver && this.#isBusy()) {
      this.#commitsLeft = this.#retryCommits;
      this.#retryCommits = Math.min(this.#retryCommits * 2, RETRY_COMMITS_MAX);
    } else {
      this.#retryCommits = 1;
    }
  }

  /** Cuts the log, unless readers use it. */
  #isBusy(): boolean {
    const [row] = this.#database.pragma('wal_checkpoint(truncate)') as [{ busy: number }];
    return row.busy !== 0;
  }
}
