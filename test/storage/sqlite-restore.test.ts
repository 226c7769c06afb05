// Order lists and feeds on SQLite that were lost in part: rows deleted from the file behind the
// store's back.

import test from 'ava';
import Database from 'better-sqlite3';
import { rowOwner } from '../../storage/sqlite/row-pack.ts';
import { openSqliteStores, type SqliteStores } from '../../storage/sqlite/stores.ts';
import { firstRunId } from '../../storage/sqlite/user-rows-statements.ts';
import { orderView } from './contract/order-list.ts';
import { restoreContract } from './contract/restore.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const SETTLE_ROWS = 20;
const FILLING_SHARD = 999;

const directory = temporaryDirectory();
let opened: SqliteStores;
let fillings = 0;

test.before(async () => {
  opened = await openSqliteStores({ directory, settleRows: SETTLE_ROWS });
});
test.after.always(async () => {
  await opened.close();
  removeDirectory(directory);
});

/** All rows so far are in the file's final place, where some can be deleted. */
async function settleAll(): Promise<void> {
  const { readModels } = opened;
  await readModels.settled();
  fillings += 1;
  const rows = Array.from({ length: SETTLE_ROWS }, (_, n) => ({
    order: orderView(`drop_filling-${fillings}x${n}`, `filling_${n}`, { dropId: 'drop_filling' }),
    told: 'order.confirmed' as const,
    refundRequested: false,
  }));
  await readModels.keep([{ shard: FILLING_SHARD, sequence: fillings, time: 1, rows }], () => false);
  await readModels.settled();
}

restoreContract({
  stores: () => opened,
  async lose(userIds) {
    await settleAll();
    const database = new Database(`${directory}/projections.db`);
    const generations = database
      .prepare<[], number>('select generation from rows_generations')
      .pluck()
      .all();
    const forget = database.prepare('delete from rows_settled where id >= ? and id < ?');
    for (const userId of userIds) {
      const { bucket } = rowOwner(userId);
      for (const generation of generations) {
        forget.run(firstRunId(generation, bucket), firstRunId(generation, bucket + 1));
      }
    }
    database.close();
  },
});
