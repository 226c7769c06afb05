// Random histories of order lists and feeds on SQLite, beside the same on the memory drivers: rows
// move from packs to settled runs, disks fill up and files are opened anew, and readers must never
// notice.

import { deepStrictEqual as deepEqual } from 'node:assert';
import test from 'ava';
import fc from 'fast-check';
import type { NewNotification } from '../../contracts/notifications.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { openSqliteStores, type SqliteStores } from '../../storage/sqlite/stores.ts';
import type { OrderChange } from '../../storage/ports/read-models.ts';
import type { Stores } from '../../storage/ports/stores.ts';
import { failsWith } from './contract/errors.ts';
import { ANY_TIME, orderView } from './contract/order-list.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const USERS = ['user_1', 'user_2', 'user_3'];
const ORDERS = 40;
const SHARD = 7;
const SETTLE_ROWS = 24;

const user = fc.constantFrom(...USERS);
const orders = fc.array(fc.tuple(fc.nat(ORDERS - 1), fc.integer({ min: 1, max: 9 })), {
  maxLength: 12,
});
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('put' as const), orders }) },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('append' as const), users: fc.array(user) }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('keep' as const), orders }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('read' as const), user, nth: fc.nat(50) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('readAll' as const), user }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('full' as const), orders }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('settle' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function orderRow(n: number, version: number) {
  const status = version > 4 ? 'confirmed' : 'reserved';
  const createdAt = 1000 + Math.floor(n / 3);
  return orderView(`drop_r-${n}`, USERS[n % 3]!, { dropId: 'drop_r', createdAt, version, status });
}

/** Some are told of, and some of those with a refund. */
function orderChange(n: number, version: number): OrderChange {
  const notificationType = version % 3 === 0 ? null : 'order.confirmed';
  return { order: orderRow(n, version), notificationType, refundRequested: version % 2 === 0 };
}

function notificationRow(userId: string, sequence: number): NewNotification {
  return {
    userId,
    type: 'order.confirmed',
    data: { sequence, name: 'é “x”' },
    createdAt: sequence,
  };
}

async function everyPage<T>(list: (page: PageRequest) => Promise<Page<T>>, limit: number) {
  const items: T[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<T> = await list({ limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) return items;
  }
}

/** All that readers can see. */
async function seen({ orderList, feed }: Stores) {
  const ofUsers = USERS.map(async (userId) => {
    const all = await feed.list(userId, { unread: false }, { limit: 100, cursor: null });
    const middle = all.items[Math.floor(all.items.length / 2)]?.id ?? '0';
    return {
      orders: await everyPage((page) => orderList.listByUser(userId, page), 3),
      order: await orderList.findOrder(userId, 'drop_r-4', ANY_TIME),
      feed: await everyPage((page) => feed.list(userId, { unread: false }, page), 7),
      unread: await everyPage((page) => feed.list(userId, { unread: true }, page), 2),
      count: await feed.unreadCount(userId),
      after: await feed.listAfter(userId, middle, 5),
    };
  });
  return {
    users: await Promise.all(ofUsers),
    totals: (await orderList.totalsOfDrops(['drop_r'])).get('drop_r')!,
    positions: [await orderList.position(SHARD), await feed.position(SHARD)],
  };
}

async function runHistory(
  operations: readonly Operation[],
  failsWhenFull: (work: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const directory = temporaryDirectory();
  const memory = memoryStores();
  let sqlite: SqliteStores = await openSqliteStores({ directory, settleRows: SETTLE_ROWS });
  const onBoth = async (work: (stores: Stores) => Promise<unknown>) => {
    deepEqual(await work(sqlite), await work(memory));
  };
  try {
    let sequence = 0;
    for (const step of operations) {
      sequence += 1;
      if (step.type === 'put' || step.type === 'full') {
        const rows = step.orders.map(([n, version]) => orderRow(n, version));
        const batches = [{ shard: SHARD, sequence, rows }];
        if (step.type === 'full') {
          await sqlite.limitPages('projections', 1);
          const long = { ...orderRow(0, 9), paymentReference: 'x'.repeat(30_000) };
          const tooMuch = [{ shard: SHARD, sequence, rows: [...rows, long] }];
          await failsWhenFull(sqlite.orderList.put(tooMuch));
          await sqlite.limitPages('projections', 0);
        }
        await onBoth((stores) => stores.orderList.put(batches));
      } else if (step.type === 'append') {
        const rows = step.users.map((userId) => notificationRow(userId, sequence));
        await onBoth((stores) => stores.feed.append([{ shard: SHARD, sequence, rows }]));
      } else if (step.type === 'keep') {
        const rows = step.orders.map(([n, version]) => orderChange(n, version));
        const batches = [{ shard: SHARD, sequence, time: sequence, rows }];
        await onBoth(({ readModels }) =>
          readModels.store(batches, (userId) => userId !== USERS[0]),
        );
      } else if (step.type === 'read') {
        await onBoth(({ feed }) => feed.markRead(step.user, String(step.nth), sequence));
      } else if (step.type === 'readAll') {
        await onBoth(({ feed }) => feed.markAllRead(step.user, sequence));
      } else if (step.type === 'settle') {
        await sqlite.readModels.settled();
      } else {
        await sqlite.close();
        sqlite = await openSqliteStores({ directory, settleRows: SETTLE_ROWS });
      }
      if (sequence % 8 === 0) await onBoth(seen);
    }
    await onBoth(seen);
  } finally {
    await sqlite.close();
    removeDirectory(directory);
  }
}

test('O9: a generation of changes to old orders hides no newer ones behind it', async (t) => {
  const directory = temporaryDirectory();
  const stores = await openSqliteStores({ directory, settleRows: 4 });
  const { orderList, readModels } = stores;
  t.teardown(async () => {
    await stores.close();
    removeDirectory(directory);
  });
  let sequence = 0;
  const put = async (...rows: [createdAt: number, version: number][]) => {
    sequence += 1;
    const changed = rows.map(([createdAt, version]) =>
      orderView(`drop_r-${createdAt}`, 'user_1', { createdAt, version }),
    );
    await orderList.put([{ shard: SHARD, sequence, rows: changed }]);
    await readModels.settled();
  };
  await put([10, 1], [20, 1], [90, 1], [100, 1]);
  await put([10, 2], [20, 2], [10, 3], [20, 3]);
  await put([50, 1], [60, 1]);
  const found = await everyPage((page) => orderList.listByUser('user_1', page), 1);
  t.deepEqual(
    found.map(({ createdAt, version }) => [createdAt, version]),
    [
      [100, 1],
      [90, 1],
      [60, 1],
      [50, 1],
      [20, 3],
      [10, 3],
    ],
  );
});

test('J1: packed and settled rows read the same as rows in memory', async (t) => {
  const histories = fc.array(operation, { minLength: 60, maxLength: 90, size: 'max' });
  const property = fc.asyncProperty(histories, (operations) =>
    runHistory(operations, (work) => failsWith(t, 'store-unavailable', work)),
  );
  // Each run opens files, so there are few; a failure prints its seed and its operations.
  await fc.assert(property, { numRuns: 3, interruptAfterTimeLimit: 40_000 });
  t.pass();
});
