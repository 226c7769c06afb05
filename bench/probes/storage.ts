// Measures the SQLite drivers: CPU microseconds for a journal append and for a projected row, all
// threads of the process together. Run: node_modules/.bin/node bench/probes/storage.ts, pinned to
// one core (`taskset -c 0`) for numbers that can be compared.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { OrderView } from '../../contracts/orders.ts';
import type { NewNotification } from '../../contracts/notifications.ts';
import { openSqliteStores, type SqliteStores } from '../../storage/sqlite/stores.ts';

const APPENDS = 3000;
const ENTRY_BYTES = 4000;
const ROWS = 524_288;
const BATCH_ROWS = 64;
const BATCHES_AT_ONCE = 16;
const EACH_ROWS = 200_000;
const EACH_ROWS_AT_ONCE = 1000;
const READS = 500;

const entry = Buffer.alloc(ENTRY_BYTES, 7);

/** Calls `run` `count` times; returns CPU and wall microseconds a call. */
async function measure(count: number, run: (i: number) => unknown): Promise<[number, number]> {
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  for (let i = 0; i < count; i++) await run(i);
  const cpu = process.cpuUsage(cpuBefore);
  return [(cpu.user + cpu.system) / count, ((performance.now() - wallBefore) * 1000) / count];
}

function report(what: string, [cpu, wall]: [number, number], unit: string): void {
  const text = `${cpu.toFixed(2).padStart(8)} CPU µs ${wall.toFixed(2).padStart(8)} wall µs`;
  process.stdout.write(`${what.padEnd(52)} ${text} ${unit}\n`);
}

async function appendOnMainThread(directory: string): Promise<void> {
  const database = new Database(join(directory, 'plain.db'));
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = full');
  database.exec('create table entries (id integer primary key, bytes blob)');
  const insert = database.prepare('insert into entries (id, bytes) values (?, ?)');
  await measure(500, (i) => insert.run(i, entry)); // Until the code is compiled.
  const cost = await measure(APPENDS, (i) => insert.run(1000 + i, entry));
  report('insert, better-sqlite3 on the main thread', cost, 'an append');
  database.close();
}

/**
 * The alternative that `storage/sqlite/rows/user-rows.ts` avoids: one SQLite row for each order.
 */
async function insertEachRow(directory: string, users: number): Promise<void> {
  const database = new Database(join(directory, 'each.db'));
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = normal');
  database.exec(`create table orders (
    user_id text, created_at integer, id text, version integer, quantity integer, details text,
    primary key (user_id, created_at, id)) without rowid`);
  const insert = database.prepare('insert into orders values (?, ?, ?, ?, ?, ?)');
  let ordinal = 0;
  const insertMany = database.transaction(() => {
    for (let i = 0; i < EACH_ROWS_AT_ONCE; i++) {
      ordinal += 1;
      const user = `user_${String(Math.floor(Math.random() * users)).padStart(25, '0')}`;
      const id = `drop_1jxyzabcabcdefghijklmnop-${ordinal.toString(36)}`;
      insert.run(user, 1_700_000_000_000 + ordinal, id, ordinal, 1, 'confirmed EUR 12900');
    }
  });
  const [cpu, wall] = await measure(EACH_ROWS / EACH_ROWS_AT_ONCE, insertMany);
  const cost: [number, number] = [cpu / EACH_ROWS_AT_ONCE, wall / EACH_ROWS_AT_ONCE];
  report(`a table of orders, ${users} users`, cost, 'a row');
  database.close();
}

async function appendToJournal({ journal }: SqliteStores): Promise<void> {
  const { epoch } = await journal.claim(1, 'bench');
  let sequence = 0;
  await measure(500, () => journal.append(1, epoch, ++sequence, entry));
  const cost = await measure(APPENDS, () => journal.append(1, epoch, ++sequence, entry));
  report('journal, one shard', cost, 'an append');
  const shards = 8;
  await Promise.all(Array.from({ length: shards }, (_, i) => journal.claim(10 + i, 'bench')));
  const grouped = await measure(APPENDS / shards, (i) =>
    Promise.all(Array.from({ length: shards }, (_, n) => journal.append(10 + n, 1, i + 1, entry))),
  );
  report('journal, 8 shards at once', [grouped[0] / shards, grouped[1] / shards], 'an append');
}

async function project(
  { orderList, feed, readModels }: SqliteStores,
  users: number,
): Promise<void> {
  const dropId = 'drop_1jxyzabcabcdefghijklmnop';
  let ordinal = 0;
  let sequence = 0;
  const userIds = Array.from({ length: users }, (_, i) => `user_${String(i).padStart(25, '0')}`);
  const batchesOf = <Row>(makeRow: () => Row) =>
    Array.from({ length: BATCHES_AT_ONCE }, () => {
      const rows = Array.from({ length: BATCH_ROWS }, makeRow);
      return { shard: 1, sequence: ++sequence, rows };
    });
  const anyUser = () => userIds[Math.floor(Math.random() * users)]!;
  const order = (): OrderView => ({
    id: `${dropId}-${(++ordinal).toString(36)}`,
    dropId,
    userId: anyUser(),
    quantity: 1,
    status: 'confirmed',
    totalAmount: 12_900,
    currency: 'EUR',
    createdAt: 1_700_000_000_000 + Math.floor(ordinal / 60),
    holdExpiresAt: null,
    paymentReference: null,
    refundRequested: false,
    version: ordinal,
  });
  const notification = (): NewNotification => {
    const orderId = `${dropId}-${(++ordinal).toString(36)}`;
    const data = { orderId, dropId, quantity: 1, totalAmount: 12_900, currency: 'EUR' };
    return { userId: anyUser(), type: 'order.confirmed', data, createdAt: 1_700_000_000_000 };
  };
  const rowsAtOnce = BATCH_ROWS * BATCHES_AT_ONCE;
  const perRow = ([cpu, wall]: [number, number]): [number, number] => [
    cpu / rowsAtOnce,
    wall / rowsAtOnce,
  ];
  // The cost of making the rows is measured alone and subtracted.
  const ways = [
    { name: 'order list', make: () => batchesOf(order), put: orderList.put.bind(orderList) },
    { name: 'feed', make: () => batchesOf(notification), put: feed.append.bind(feed) },
  ] as { name: string; make: () => never[]; put: (batches: never[]) => Promise<unknown> }[];
  for (const { name, make, put } of ways) {
    const [making] = perRow(await measure(ROWS / rowsAtOnce, make));
    const cost = perRow(await measure(ROWS / rowsAtOnce, () => put(make())));
    report(`${name}, ${users} users`, [cost[0] - making, cost[1] - making], 'a row');
  }
  await readModels.settled();
  const page = { limit: 20, cursor: null };
  report(
    'order list, a page',
    await measure(READS, () => orderList.listByUser(anyUser(), page)),
    '',
  );
  report(
    'feed, a page',
    await measure(READS, () => feed.list(anyUser(), { unread: false }, page)),
    '',
  );
  report('feed, unread count', await measure(READS, () => feed.unreadCount(anyUser())), '');
  report('totals of the drop', await measure(1, () => orderList.totalsOfDrops([dropId])), '');
}

async function inDirectory(work: (stores: SqliteStores, directory: string) => Promise<void>) {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  const stores = await openSqliteStores({ directory });
  try {
    await work(stores, directory);
  } finally {
    await stores.close();
    rmSync(directory, { recursive: true });
  }
}

await inDirectory(async (stores, directory) => {
  await appendOnMainThread(directory);
  await insertEachRow(directory, 100_000);
  await appendToJournal(stores);
});
for (const users of [100_000, 1000, 1]) await inDirectory((stores) => project(stores, users));
