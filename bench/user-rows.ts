// Measures how reading one user's lists on SQLite grows with the rows of everybody: CPU
// microseconds for a page of a user with few orders, after each of the given numbers of rows, and
// CPU microseconds a row of writing them, merges included. Run:
// node_modules/.bin/node bench/user-rows.ts 1000000 10000000

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OrderView } from '../contracts/orders.ts';
import type { OrderChanges } from '../storage/ports/read-models.ts';
import { openSqliteStores, type SqliteStores } from '../storage/sqlite/stores.ts';

const BATCH_ROWS = 1024;
const USERS = 1_000_000;
const LIGHT_USERS = 1000;
const ORDERS_OF_A_LIGHT_USER = 3;
const LIGHT_ROWS = LIGHT_USERS * ORDERS_OF_A_LIGHT_USER;
const READS_WARM_UP = 500;
const READS = 4000;
const DROP_ID = 'drop_1jxyzabcabcdefghijklmnop';
const FIRST_TIME = 1_700_000_000_000;
const FIRST_PAGE = { limit: 20, cursor: null };

let ordinal = 0;

function userId(number: number): string {
  return `user_${String(number).padStart(25, '0')}`;
}

/** The first rows are those of light users. They never order again. */
function nextOrder(): OrderView {
  const user = ordinal < LIGHT_ROWS ? ordinal % LIGHT_USERS : Math.floor(Math.random() * USERS);
  ordinal += 1;
  return {
    id: `${DROP_ID}-${ordinal.toString(36)}`,
    dropId: DROP_ID,
    userId: userId(ordinal <= LIGHT_ROWS ? USERS + user : user),
    quantity: 1,
    status: 'confirmed',
    totalCents: 12_900,
    currency: 'EUR',
    createdAt: FIRST_TIME + ordinal,
    holdExpiresAt: null,
    paymentReference: null,
    refundRequested: false,
    version: ordinal,
  };
}

function nextBatch(): OrderChanges {
  const rows = Array.from({ length: BATCH_ROWS }, () => ({
    order: nextOrder(),
    notificationType: 'order.confirmed' as const,
    refundRequested: false,
  }));
  return { shard: 1, sequence: ordinal, time: FIRST_TIME + ordinal, rows };
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Stores rows until there are `count`; the cost of making them is measured alone. */
async function fill({ readModels }: SqliteStores, count: number): Promise<void> {
  const rowsBefore = ordinal;
  let making = 0;
  const before = process.cpuUsage();
  for (let left = count - ordinal; left > 0; left -= BATCH_ROWS) {
    const makingBefore = process.cpuUsage();
    const batch = nextBatch();
    making += cpuSince(makingBefore);
    await readModels.store([batch], () => false);
  }
  await readModels.settled();
  const written = ordinal - rowsBefore;
  const storing = cpuSince(before) - making;
  await readModels.merged();
  const merging = cpuSince(before) - making - storing;
  const perRow = (cpu: number) => (cpu / written).toFixed(2);
  process.stdout.write(
    `${String(ordinal).padStart(11)} rows: ${perRow(storing)} CPU µs a row until they are settled,` +
      ` ${perRow(merging)} until they are merged\n`,
  );
}

async function read(what: string, run: (user: string) => Promise<unknown>): Promise<void> {
  const anyLightUser = () => userId(USERS + Math.floor(Math.random() * LIGHT_USERS));
  for (let i = 0; i < READS_WARM_UP; i++) await run(anyLightUser());
  const before = process.cpuUsage();
  for (let i = 0; i < READS; i++) await run(anyLightUser());
  const cost = (cpuSince(before) / READS).toFixed(1);
  process.stdout.write(`${what.padStart(40)} ${cost.padStart(9)} CPU µs\n`);
}

async function readAll({ orderList, feed }: SqliteStores): Promise<void> {
  await read('orders of a light user', (user) => orderList.listByUser(user, FIRST_PAGE));
  await read('their feed', (user) => feed.list(user, { unread: false }, FIRST_PAGE));
  await read('their unread count', (user) => feed.unreadCount(user));
}

const counts = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
const stores = await openSqliteStores({ directory });
try {
  for (const count of counts.length > 0 ? counts : [1_000_000, 10_000_000]) {
    await fill(stores, count);
    await readAll(stores);
    const megabytes = statSync(join(directory, 'projections.db')).size >> 20;
    process.stdout.write(`${'projections.db'.padStart(40)} ${String(megabytes).padStart(9)} MiB\n`);
  }
} finally {
  await stores.close();
  rmSync(directory, { recursive: true });
}
