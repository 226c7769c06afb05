// The writer of projections.db and of the logs beside it: order lists and feeds, which can be
// rebuilt from the journal. So a commit does not wait for the disk. It survives the end of this
// process; after a power failure rows and positions go back together. It runs in a thread of its
// own.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { limitPages, openWriterDatabase, WalBound } from '../thread/database.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';
import type { ReadMark } from './read-marks.ts';
import { type MergeStep, ROW_MERGES_SCHEMA, RowMerges } from './row-merges.ts';
import { USER_ROWS_SCHEMA, UserRowsWriter } from './user-rows-statements.ts';

/** Packs and runs are kilobytes long: larger pages waste less and cost a quarter less CPU. */
const PAGE_BYTES = 16_384;

const READ_MARKS_SCHEMA = `
  create table read_all (
    user_id text not null,
    through_id integer not null,
    read_at integer not null,
    primary key (user_id, through_id)
  ) strict, without rowid;
  create table read_one (
    user_id text not null,
    id integer not null,
    read_at integer not null,
    primary key (user_id, id)
  ) strict, without rowid;
  `;

const MIGRATIONS = [
  // Orders and notifications had rows of their own here. They are rebuilt from the journal under
  // new ids, so the marks on the old ids are removed as well.
  '',
  `
  drop table if exists orders_recent;
  drop table if exists orders_settled;
  drop table if exists orders_generations;
  drop table if exists orders_positions;
  drop table if exists notifications_recent;
  drop table if exists notifications_settled;
  drop table if exists notifications_generations;
  drop table if exists notifications_positions;
  drop table if exists read_all;
  drop table if exists read_one;
  ${USER_ROWS_SCHEMA}
  ${READ_MARKS_SCHEMA}
  `,
  `
  create table rows_restored (user_id text primary key) strict, without rowid;
  `,
  ROW_MERGES_SCHEMA,
  // Feature level 3: rows of orders with metadata, or of which a part is refunded.
  '',
];

export type ProjectionsHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const migrations = MIGRATIONS;
  const synchronous = 'normal';
  const pageBytes = PAGE_BYTES;
  const database = openWriterDatabase({ ...options, synchronous, pageBytes, migrations });
  const walBound = new WalBound({ database, ...options });
  const rows = new UserRowsWriter({ database, file: options.file });
  const merges = new RowMerges({ database });
  const readAll = database.prepare(`
    insert into read_all (user_id, through_id, read_at) select @userId, @id, @now
    where not exists (select 1 from read_all where user_id = @userId and through_id >= @id)`);
  const readOne = database.prepare(`
    insert or ignore into read_one (user_id, id, read_at) select @userId, @id, @now
    where not exists (select 1 from read_all where user_id = @userId and through_id >= @id)`);
  const removeAll = database.prepare('delete from read_all where user_id = ? and through_id = ?');
  const removeOne = database.prepare('delete from read_one where user_id = ? and id = ?');
  const markRestored = database.prepare('insert or ignore into rows_restored (user_id) values (?)');
  let syncWanted = false;
  let finished: number[] = [];

  return {
    database,
    begin: 'begin immediate',
    committed() {
      if (syncWanted || finished.length > 0) {
        syncFile(`${options.file}-wal`);
        for (const generation of finished) rows.removeLog(generation);
      }
      if (syncWanted) rows.sync();
      syncWanted = false;
      finished = [];
      walBound.committed();
    },
    rolledBack() {
      syncWanted = false;
      finished = [];
      rows.clear();
      merges.clear();
    },
    handlers: {
      appendRows(pack: Uint8Array, generation: number, positions: readonly number[]): void {
        rows.append(pack, generation, positions);
      },
      settle(generation: number, bucketFrom: number, bucketTo: number): void {
        rows.settle(generation, bucketFrom, bucketTo);
      },
      finishSettling(generation: number): void {
        rows.finish(generation);
        finished.push(generation);
      },
      /** As `RowMerges.slice`. */
      mergeSlice(rowsMax: number): MergeStep | null {
        return merges.slice(rowsMax);
      },

      /** When it resolves, all earlier commits survive a power failure. */
      sync(): void {
        syncWanted = true;
      },

      /**
       * From now on the users' notifications may be stored in another order than their ids.
       */
      markRestored(userIds: readonly string[]): void {
        for (const userId of userIds) markRestored.run(userId);
      },

      markRead(userId: string, id: number, now: number): void {
        readOne.run({ userId, id, now });
      },
      markAllRead(userId: string, throughId: number, now: number): void {
        readAll.run({ userId, id: throughId, now });
      },

      /**
       * Removes marks beyond the last id. Who had read all beyond it has read all up to it.
       */
      removeMarks(marks: readonly ReadMark[], lastId: number): void {
        for (const { kind, userId, id, readAt } of marks) {
          if (kind === 'all') {
            removeAll.run(userId, id);
            if (lastId > 0) readAll.run({ userId, id: lastId, now: readAt });
          } else removeOne.run(userId, id);
        }
      },

      limitPages(pages: number): void {
        limitPages(database, pages);
        rows.limitBytes(pages === 0 ? Number.POSITIVE_INFINITY : pages * PAGE_BYTES);
      },
    },
  } satisfies Program;
}

/**
 * With relaxed commits SQLite syncs its log only before a checkpoint. A sync through any handle of
 * the file is enough.
 */
function syncFile(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
