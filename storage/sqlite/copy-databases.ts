// Copies the databases of a data directory as they are at one moment, while a server writes to
// them.
//
// Each copy reads through a transaction that was begun at that moment, the journal's last, so no
// row is ahead of the journal. The catalogue must not change between the beginnings of its
// transaction and of the journal's; otherwise they are begun again. So a drop in the copy has its
// product.

import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreUnavailableError } from '../ports/journal.ts';

/** In the order in which their transactions begin. */
const NAMES = ['analytics', 'projections', 'catalogue', 'journal'] as const;
/** Pages copied without a pause: 1 MiB, so that the copy does not take the whole disk. */
const PAGES_PER_STEP = 256;
const BEGINNINGS_MAX = 100;
const BEGIN_PAUSE_MS = 5;

export type DatabaseFile = `${(typeof NAMES)[number]}.db`;

export const DATABASE_FILES: readonly DatabaseFile[] = NAMES.map((name) => `${name}.db` as const);

/** Directories and backups of earlier versions have no `analytics.db`. */
export function isNeeded(file: DatabaseFile): boolean {
  return file !== 'analytics.db';
}

/**
 * `to` must exist and have none of the files. Each file is durable when this resolves to the number
 * of shards. Errors: `store-unavailable` where the catalogue never rests; SQLite's own.
 */
export async function copyDatabases(from: string, to: string): Promise<number> {
  const open = (file: string) =>
    new Database(join(from, file), { readonly: true, fileMustExist: true });
  const files = DATABASE_FILES.filter((file) => isNeeded(file) || existsSync(join(from, file)));
  const databases = files.map(open);
  const watch = open('catalogue.db');
  try {
    await beginTogether(databases, watch);
    for (const [i, file] of files.entries()) {
      const target = join(to, file);
      await databases[i]!.backup(target, { progress: () => PAGES_PER_STEP });
      // The log of a large file grows as long as its transaction lasts.
      databases[i]!.exec('rollback');
      // Otherwise whoever reads the copy would write a log beside it. A server changes it again.
      const copy = new Database(target);
      copy.pragma('journal_mode = delete');
      if (file === 'catalogue.db') removeLedger(copy);
      copy.close();
      sync(target);
    }
    sync(to);
    const journal = new Database(join(to, 'journal.db'), { readonly: true });
    const shardCount = journal.prepare('select shard_count from installation').pluck().get();
    journal.close();
    return shardCount as number;
  } finally {
    for (const database of [...databases, watch]) database.close();
  }
}

async function beginTogether(
  databases: readonly Database.Database[],
  watch: Database.Database,
): Promise<void> {
  for (let i = 0; i < BEGINNINGS_MAX; i++) {
    const before = watch.pragma('data_version', { simple: true });
    for (const database of databases) {
      database.exec('begin');
      // A transaction sees the moment of its first read.
      database.prepare('select count(*) from sqlite_schema').get();
    }
    if (watch.pragma('data_version', { simple: true }) === before) return;
    for (const database of databases) database.exec('rollback');
    await pause(BEGIN_PAUSE_MS);
  }
  throw new StoreUnavailableError('the catalogue changes all the time: try again');
}

/** What comes after the copy is another history than what was signed (L1). */
function removeLedger(copy: Database.Database): void {
  const tables = copy
    .prepare<[], string>(
      "select name from sqlite_schema where type = 'table' and name like 'ledger%'",
    )
    .pluck()
    .all();
  for (const table of tables) copy.exec(`delete from ${table}`);
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
