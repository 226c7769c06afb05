// The writer of projections.db: order lists and feeds, which can be made again from the journal. So
// a commit does not wait for the disk: it survives the end of this process, and after a power
// failure rows and positions go back together. Runs in its own thread.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { limitPages, openWriterDatabase, WalBound } from './database.ts';
import type { Program, ProgramOptions } from './program.ts';
import { type RowsName, userRowsSchema, UserRowsWriter } from './user-rows-statements.ts';

/** Packs and runs are kilobytes long: larger pages waste less and cost a quarter less CPU. */
const PAGE_BYTES = 16_384;

const MIGRATIONS = [
  `
  ${userRowsSchema('orders')}
  ${userRowsSchema('notifications')}
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
  `,
];

export type ProjectionsHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const migrations = MIGRATIONS;
  const synchronous = 'normal';
  const pageBytes = PAGE_BYTES;
  const database = openWriterDatabase({ ...options, synchronous, pageBytes, migrations });
  const walBound = new WalBound({ database, ...options });
  const orders = new UserRowsWriter({ database, name: 'orders' });
  const notifications = new UserRowsWriter({ database, name: 'notifications' });
  const rowsOf = (name: RowsName) => (name === 'orders' ? orders : notifications);
  const readAll = database.prepare(`
    insert into read_all (user_id, through_id, read_at) select @userId, @id, @now
    where not exists (select 1 from read_all where user_id = @userId and through_id >= @id)`);
  const readOne = database.prepare(`
    insert or ignore into read_one (user_id, id, read_at) select @userId, @id, @now
    where not exists (select 1 from read_all where user_id = @userId and through_id >= @id)`);
  let syncWanted = false;

  return {
    database,
    begin: 'begin immediate',
    committed() {
      if (syncWanted) syncFile(`${options.file}-wal`);
      syncWanted = false;
      walBound.committed();
    },
    rolledBack() {
      syncWanted = false;
      orders.forget();
      notifications.forget();
    },
    handlers: {
      keepOrders(pack: Uint8Array, generation: number, positions: readonly number[]): void {
        orders.keep(pack, generation, positions);
      },
      keepNotifications(pack: Uint8Array, generation: number, positions: readonly number[]): void {
        notifications.keep(pack, generation, positions);
      },
      settle(name: RowsName, generation: number, bucketFrom: number, bucketTo: number): void {
        rowsOf(name).settle(generation, bucketFrom, bucketTo);
      },
      finishSettling(name: RowsName, generation: number): void {
        rowsOf(name).finish(generation);
      },

      /** When it resolves, everything committed before survives a power failure. */
      sync(): void {
        syncWanted = true;
      },

      markRead(userId: string, id: number, now: number): void {
        readOne.run({ userId, id, now });
      },
      markAllRead(userId: string, throughId: number, now: number): void {
        readAll.run({ userId, id: throughId, now });
      },

      limitPages: (pages: number): void => limitPages(database, pages),
    },
  } satisfies Program;
}

/**
 * With relaxed commits SQLite syncs its log only before a checkpoint. Any handle of the file will
 * do.
 */
function syncFile(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
