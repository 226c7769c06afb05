// Logs of recent rows after a power failure: what was lost is lost from the end, rows together with
// positions, and comes again.

import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { orderView } from './contract/order-list.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const SETTLE_ROWS = 8;
const SHARD = 3;

function batch(sequence: number, count = 1) {
  const rows = Array.from({ length: count }, (_, i) => ({
    order: orderView(`drop_w-${sequence}${i}`, 'user_w', { dropId: 'drop_w' }),
    notificationType: 'order.confirmed' as const,
    refundRequested: false,
  }));
  return [{ shard: SHARD, sequence, time: sequence, rows }];
}

function makeLog(t: ExecutionContext) {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const logFile = (generation: number) => join(directory, `projections.db-rows-${generation}`);
  /** Opens the stores for a while. */
  const withStores = async <T>(
    work: (stores: Awaited<ReturnType<typeof openSqliteStores>>) => Promise<T>,
  ): Promise<T> => {
    const stores = await openSqliteStores({ directory, settleRows: SETTLE_ROWS });
    try {
      return await work(stores);
    } finally {
      await stores.close();
    }
  };
  const keep = (sequence: number, count?: number) =>
    withStores(({ readModels }) => readModels.store(batch(sequence, count), () => true));
  const state = () =>
    withStores(async ({ readModels, feed, orderList }) => ({
      position: await readModels.position(SHARD),
      ids: (await feed.listAfter('user_w', '0', 100)).map(({ id }) => Number(id)),
      orders: (await orderList.totalsOfDrops(['drop_w'])).get('drop_w')!.orders,
    }));
  return { logFile, withStores, keep, state };
}

const TWO = { position: 2, ids: [1, 2], orders: 2 };
const THREE = { position: 3, ids: [1, 2, 3], orders: 3 };

test('J5: a record that ends early is removed with its position', async (t) => {
  const { logFile, keep, state } = makeLog(t);
  for (const sequence of [1, 2, 3]) await keep(sequence);
  t.deepEqual(await state(), THREE);
  truncateSync(logFile(1), readFileSync(logFile(1)).length - 1);
  t.deepEqual(await state(), TWO);
  t.is((await keep(3)).length, 1);
  t.deepEqual(await state(), THREE);
});

test('J5: a damaged record is found by its checksum', async (t) => {
  const { logFile, keep, state } = makeLog(t);
  for (const sequence of [1, 2, 3]) await keep(sequence);
  const bytes = readFileSync(logFile(1));
  bytes[bytes.length - 2]! ^= 1;
  writeFileSync(logFile(1), bytes);
  t.deepEqual(await state(), TWO);
});

test('J5: a tail of zeros, as a power failure leaves it, is no record', async (t) => {
  const { logFile, keep, state } = makeLog(t);
  for (const sequence of [1, 2]) await keep(sequence);
  appendFileSync(logFile(1), Buffer.alloc(5000));
  t.deepEqual(await state(), TWO);
  await keep(3);
  t.deepEqual(await state(), THREE);
});

test('J1: a settled generation has no log, and one that came back is ignored', async (t) => {
  const { logFile, withStores, keep, state } = makeLog(t);
  await keep(1);
  const early = readFileSync(logFile(1));
  await withStores(async ({ readModels }) => {
    await readModels.store(batch(2, SETTLE_ROWS), () => false);
    await readModels.settled();
  });
  t.false(existsSync(logFile(1)));
  const before = await state();
  t.is(before.orders, SETTLE_ROWS + 1);
  writeFileSync(logFile(1), early);
  t.deepEqual(await state(), before);
  t.false(existsSync(logFile(1)));
});
