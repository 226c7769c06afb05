// Order lists and feeds on SQLite that were lost in part: rows deleted from the file behind the
// store's back.

import { join } from 'node:path';
import test from 'ava';
import Database from 'better-sqlite3';
import type { OrderChanges } from '../../storage/ports/read-models.ts';
import { rowOwner } from '../../storage/sqlite/rows/row-pack.ts';
import { openSqliteStores, type SqliteStores } from '../../storage/sqlite/stores.ts';
import { firstRunId } from '../../storage/sqlite/rows/run-ids.ts';
import { failsWith } from './contract/errors.ts';
import { orderView } from './contract/order-list.ts';
import { restoreContract } from './contract/restore.ts';
import { HeldPace } from './held-pace.ts';
import { restoreFrom, WrittenJournals } from './replayed-journals.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const SETTLE_ROWS = 20;
const FILLING_SHARD = 999;
/** So few that a log has room for one portion, and not for two. */
const PAGES_OF_A_PORTION = 8;

const directory = temporaryDirectory();
let opened: SqliteStores;
let fillings = 0;

test.before(async () => {
  // Nothing is merged: rows are deleted where they were settled.
  const mergePace = new HeldPace();
  opened = await openSqliteStores({ directory, settleRows: SETTLE_ROWS, mergePace });
});
test.after.always(async () => {
  await opened?.close();
  removeDirectory(directory);
});

/** All rows so far are in the file's final place, where some can be deleted. */
async function settleAll(): Promise<void> {
  const { readModels } = opened;
  await readModels.settled();
  fillings += 1;
  const rows = Array.from({ length: SETTLE_ROWS }, (_, n) => ({
    order: orderView(`drop_filling-${fillings}x${n}`, `filling_${n}`, { dropId: 'drop_filling' }),
    notificationType: 'order.confirmed' as const,
    refundRequested: false,
  }));
  await readModels.store(
    [{ shard: FILLING_SHARD, sequence: fillings, time: 1, rows }],
    () => false,
  );
  await readModels.settled();
}

/** Deletes what settled rows have of the users. */
function forgetRows(file: string, userIds: readonly string[]): void {
  const database = new Database(file);
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
}

restoreContract({
  stores: () => opened,
  async lose(userIds) {
    await settleAll();
    forgetRows(join(directory, 'projections.db'), userIds);
  },
});

test('J1: a rebuild that the disk or a crash ended is finished by the next', async (t) => {
  const ORDERS = 3000;
  const userId = 'user_of_many';
  const own = temporaryDirectory();
  const file = join(own, 'projections.db');
  let stores = await openSqliteStores({ directory: own, settleRows: ORDERS });
  t.teardown(async () => {
    await stores.close();
    removeDirectory(own);
  });
  const entries = Array.from({ length: ORDERS }, (_, n): OrderChanges => {
    const id = `drop_m-${n.toString(36)}`;
    const order = orderView(id, userId, { dropId: 'drop_m', version: n + 1, createdAt: 1000 + n });
    const row = { order, notificationType: 'order.confirmed' as const, refundRequested: false };
    return { shard: 1, sequence: n + 1, time: 1000 + n, rows: [row] };
  });
  await stores.readModels.store(entries, () => false);
  await stores.readModels.settled();
  await stores.feed.markRead(userId, '1700', 9000);
  const seen = async () => ({
    feed: await stores.feed.listAfter(userId, '0', ORDERS),
    unreadCount: await stores.feed.unreadCount(userId),
    totals: (await stores.orderList.totalsOfDrops(['drop_m'])).get('drop_m')!,
  });
  const restore = () =>
    restoreFrom(
      stores.readModels,
      new WrittenJournals(entries, [{ shard: 1, sequence: ORDERS }]),
      true,
    );
  const before = await seen();
  t.is(before.feed.length, ORDERS);
  forgetRows(file, [userId]);
  await stores.limitPages('projections', PAGES_OF_A_PORTION);
  await failsWith(t, 'store-unavailable', restore());
  await stores.close();

  stores = await openSqliteStores({ directory: own, settleRows: ORDERS });
  const half = await seen();
  t.true(half.feed.length > 0 && half.feed.length < ORDERS, `${half.feed.length} are there`);
  t.deepEqual(half.feed, before.feed.slice(0, half.feed.length), 'the oldest, as they were');
  const notifications = ORDERS - half.feed.length;
  t.deepEqual(await restore(), [{ shard: 1, orders: notifications, notifications }]);
  t.deepEqual(await seen(), before);
});
