// Merges of settled generations on SQLite: which are due, and that reads never notice them, nor a
// stop or a lost answer in the middle.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import Database from 'better-sqlite3';
import { fnv1a } from '../../domain/ids.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { SqliteFeedStore } from '../../storage/sqlite/rows/feed-sqlite.ts';
import { SqliteOrderListStore } from '../../storage/sqlite/rows/order-list-sqlite.ts';
import type { ProjectionsHandlers } from '../../storage/sqlite/rows/projections-program.ts';
import { RowMerges } from '../../storage/sqlite/rows/row-merges.ts';
import { UserRows } from '../../storage/sqlite/rows/user-rows.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { SqliteThread } from '../../storage/sqlite/thread/thread.ts';
import { BUCKET_RANKS, rankOfHash } from '../../storage/sqlite/rows/run-ids.ts';
import { GENERATIONS_MAX, mergedSizes, nextMerge } from '../../storage/sqlite/rows/merge-plan.ts';
import { openSqliteStores, type SqliteStores } from '../../storage/sqlite/stores.ts';
import { ANY_TIME, orderView } from './contract/order-list.ts';
import { HeldPace } from './held-pace.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const SHARD = 5;
const SETTLE_ROWS = 24;
/** One of them has most rows, so that some of its runs are its own. */
const USERS = ['user_busy', 'user_1', 'user_2', 'user_3'];
const PAGE = { limit: 1000, cursor: null };

interface Span {
  first: number;
  last: number;
}

function merge(present: Span[], sources: readonly Span[]): void {
  const span = { first: sources[0]!.first, last: sources.at(-1)!.last };
  present.splice(present.indexOf(sources[0]!), sources.length, span);
}

function mergeAll(present: Span[]): number {
  let rewritten = 0;
  for (let due = nextMerge(present); due !== null; due = nextMerge(present)) {
    rewritten += due.at(-1)!.last - due[0]!.first + 1;
    merge(present, due);
  }
  return rewritten;
}

const sizesOf = (present: readonly Span[]) => present.map(({ first, last }) => last - first + 1);

test('O9: at most 8 generations remain of 100 million rows, each rewritten 6 times at most', (t) => {
  const GENERATIONS = 1526;
  const present: Span[] = [];
  let rewritten = 0;
  for (let newest = 1; newest <= GENERATIONS; newest++) {
    present.push({ first: newest, last: newest });
    rewritten += mergeAll(present);
    t.true(present.length <= GENERATIONS_MAX);
  }
  t.deepEqual(sizesOf(present), mergedSizes(GENERATIONS));
  t.true(rewritten / GENERATIONS < 6);
});

test('O9: generations that waited are merged to the same end, each rewritten twice at most', (t) => {
  const GENERATIONS = 1526;
  const present = Array.from({ length: GENERATIONS }, (_, i) => ({ first: i + 1, last: i + 1 }));
  t.true(mergeAll(present) <= 2 * GENERATIONS);
  t.deepEqual(sizesOf(present), mergedSizes(GENERATIONS));
});

/** The rows of one batch: most are of one user, and some change orders of earlier batches. */
function batch(sequence: number) {
  const rows = Array.from({ length: 8 }, (_, i) => {
    const number = sequence * 8 + i;
    const changed = i === 3 && sequence > 9 ? number - 63 : number;
    const userId = USERS[changed % 8 < 4 ? 0 : changed % 4]!;
    return {
      order: orderView(`drop_m-${changed.toString(36)}`, userId, {
        dropId: 'drop_m',
        createdAt: 1000 + changed,
        version: number,
        status: 'confirmed',
      }),
      notificationType: i === 2 ? null : ('order.confirmed' as const),
      refundRequested: false,
    };
  });
  return { shard: SHARD, sequence, time: sequence, rows };
}

class Fixture {
  readonly directory = temporaryDirectory();
  readonly pace = new HeldPace();
  stores!: SqliteStores;
  #sequence = 0;

  static async open(t: ExecutionContext): Promise<Fixture> {
    const fixture = new Fixture();
    await fixture.#open();
    t.teardown(async () => {
      await fixture.stores.close();
      removeDirectory(fixture.directory);
    });
    return fixture;
  }

  async reopen(): Promise<void> {
    await this.stores.close();
    await this.#open();
  }

  async #open(): Promise<void> {
    const { directory, pace: mergePace } = this;
    this.stores = await openSqliteStores({ directory, settleRows: SETTLE_ROWS, mergePace });
  }

  /** Stores rows until as many generations are settled. */
  async fill(generations: number): Promise<void> {
    for (let i = 0; i < generations; i++) {
      for (let rows = 0; rows < SETTLE_ROWS; rows += 8) {
        await this.stores.readModels.store([batch(++this.#sequence)], () => false);
      }
      await this.stores.readModels.settled();
    }
  }

  async seen() {
    const { orderList, feed } = this.stores;
    const ofUsers = USERS.map(async (userId) => ({
      orders: (await orderList.listByUser(userId, PAGE)).items,
      feed: (await feed.list(userId, { unread: false }, PAGE)).items,
      after: await feed.listAfter(userId, '40', 30),
      order: await orderList.findOrder(userId, 'drop_m-2g', ANY_TIME),
    }));
    return {
      users: await Promise.all(ofUsers),
      totals: (await orderList.totalsOfDrops(['drop_m'])).get('drop_m')!,
    };
  }

  /** What the file has: merges by state, runs of generations and of merges. */
  inFile() {
    const database = new Database(join(this.directory, 'projections.db'), { readonly: true });
    const count = (query: string) => database.prepare<[], number>(query).pluck().get()!;
    const found = {
      readable: count('select count(*) from rows_merges where state = 1'),
      others: count('select count(*) from rows_merges where state <> 1'),
      generations: count('select count(*) from rows_generations'),
      runs: count('select count(*) from rows_settled'),
      mergedRuns: count('select count(*) from rows_merged'),
    };
    database.close();
    return found;
  }
}

test('O9: merged generations read as they did before, and their old runs are gone', async (t) => {
  const fixture = await Fixture.open(t);
  await fixture.fill(9);
  const before = await fixture.seen();
  t.true(before.users[0]!.orders.length > 90);
  fixture.pace.release();
  await fixture.stores.readModels.merged();
  const { mergedRuns, ...rest } = fixture.inFile();
  t.deepEqual(rest, { readable: 1, others: 0, generations: 0, runs: 0 });
  t.true(mergedRuns > USERS.length);
  t.deepEqual(await fixture.seen(), before);
  await fixture.reopen();
  t.deepEqual(await fixture.seen(), before);
});

test('O9: merges of merges read as one generation that was never merged', async (t) => {
  const fixture = await Fixture.open(t);
  // The first merge, of 9 generations, is a source of the second, of 45.
  fixture.pace.release();
  await fixture.fill(10);
  await fixture.stores.readModels.merged();
  await fixture.fill(36);
  await fixture.stores.readModels.merged();
  await fixture.reopen();
  const { readable, generations, others } = fixture.inFile();
  t.deepEqual([readable, generations], [1, 1]);
  t.is(others, 0);
  const merged = await fixture.seen();
  const plain = temporaryDirectory();
  const alone = await openSqliteStores({ directory: plain });
  t.teardown(async () => {
    await alone.close();
    removeDirectory(plain);
  });
  for (let sequence = 1; sequence <= (46 * SETTLE_ROWS) / 8; sequence++) {
    await alone.readModels.store([batch(sequence)], () => false);
  }
  const reader = new Fixture();
  removeDirectory(reader.directory);
  reader.stores = alone;
  t.deepEqual(merged, await reader.seen());
});

test('O9: pages go on across a merge that ends between them', async (t) => {
  const fixture = await Fixture.open(t);
  await fixture.fill(8);
  fixture.pace.release();
  const { orderList, feed, readModels } = fixture.stores;
  const orders = (cursor: string | null) => orderList.listByUser('user_busy', { limit: 7, cursor });
  const notifications = (cursor: string | null) =>
    feed.list('user_busy', { unread: false }, { limit: 7, cursor });
  const ids: string[][] = [];
  for (const list of [orders, notifications]) {
    const found: string[] = [];
    let page = await list(null);
    for (;;) {
      found.push(...page.items.map(({ id }) => id));
      if (page.nextCursor === null) break;
      await fixture.fill(1);
      await readModels.merged();
      page = await list(page.nextCursor);
    }
    ids.push(found);
  }
  t.true(fixture.inFile().readable > 0);
  for (const found of ids) t.is(new Set(found).size, found.length);
  const all = (await orderList.listByUser('user_busy', PAGE)).items.map(({ id }) => id);
  t.deepEqual(all.slice(all.indexOf(ids[0]![0]!)), ids[0]);
  const told = (await feed.list('user_busy', { unread: false }, PAGE)).items.map(({ id }) => id);
  t.deepEqual(told.slice(told.indexOf(ids[1]![0]!)), ids[1]);
});

/** Rows of a file that nobody writes, beside the merges that the test makes. */
function readersOf(file: string) {
  const reader = openReaderDatabase(file);
  // Without a thread: nothing is due for it.
  const writer = new SqliteThread<ProjectionsHandlers>({
    program: new URL('none:'),
    file,
    walBytesMax: 0,
    pageCountMax: 0,
  });
  writer.submit = () => Promise.reject(new StoreUnavailableError('no thread'));
  const rows = new UserRows({ writer, reader, settleRows: SETTLE_ROWS });
  const orderList = new SqliteOrderListStore({ rows, scanner: undefined as never });
  const feed = new SqliteFeedStore({ writer, reader, rows });
  return { orderList, feed, close: () => reader.close() };
}

async function seenIn(file: string) {
  const { orderList, feed, close } = readersOf(file);
  const found = [];
  for (const userId of USERS) {
    found.push((await orderList.listByUser(userId, PAGE)).items);
    found.push((await feed.list(userId, { unread: false }, PAGE)).items);
  }
  close();
  return found;
}

test('J1: after a crash before or behind any commit of a merge every row is read once', async (t) => {
  const fixture = await Fixture.open(t);
  await fixture.fill(12);
  await fixture.stores.close();
  const file = join(fixture.directory, 'projections.db');
  const before = await seenIn(file);
  const database = new Database(file);
  // A slice begins its rank again after a crash, so some must hold a whole one.
  const ROWS_OF_A_RANK = 200;
  let slices = 0;
  for (let done = false; !done; slices++) {
    for (const end of ['rollback', 'commit']) {
      // As after a new start: the earlier one left nothing but the file.
      const merges = new RowMerges({ database });
      database.exec('begin immediate');
      done = merges.slice(slices % 3 === 0 ? ROWS_OF_A_RANK : 5) === null;
      database.exec(end);
    }
    if (slices % 4 === 0) t.deepEqual(await seenIn(file), before);
  }
  t.true(slices > 20);
  t.deepEqual(await seenIn(file), before);
  database.close();
  await fixture.reopen();
  t.deepEqual(
    (await fixture.seen()).users.map(({ orders }) => orders),
    before.filter((_, i) => i % 2 === 0),
  );
});

/** Of one bucket, the highest rank first. */
function usersOfOneBucket(count: number): string[] {
  const bucketOf = (userId: string) => Math.floor(rankOfHash(fnv1a(userId)) / BUCKET_RANKS);
  const first = 'user_0';
  const found = [first];
  for (let i = 1; found.length < count; i++) {
    const userId = `user_${i}`;
    if (bucketOf(userId) === bucketOf(first)) found.push(userId);
  }
  return found.sort((a, b) => rankOfHash(fnv1a(b)) - rankOfHash(fnv1a(a)));
}

test('O9: users of one bucket find their rows in a merge, in whatever order they ordered', async (t) => {
  const fixture = await Fixture.open(t);
  const { orderList, readModels } = fixture.stores;
  const users = usersOfOneBucket(SETTLE_ROWS);
  t.is(new Set(users.map((userId) => rankOfHash(fnv1a(userId)))).size, users.length);
  for (let sequence = 1; sequence <= GENERATIONS_MAX + 1; sequence++) {
    const rows = users.map((userId, i) => ({
      order: orderView(`drop_b-${sequence}x${i}`, userId, {
        dropId: 'drop_b',
        createdAt: sequence,
      }),
      notificationType: null,
      refundRequested: false,
    }));
    await readModels.store([{ shard: SHARD, sequence, time: sequence, rows }], () => false);
    await readModels.settled();
  }
  const seen = async () =>
    await Promise.all(users.map(async (user) => (await orderList.listByUser(user, PAGE)).items));
  const before = await seen();
  t.true(before.every((items) => items.length === GENERATIONS_MAX + 1));
  fixture.pace.release();
  await readModels.merged();
  t.is(fixture.inFile().readable, 1);
  t.deepEqual(await seen(), before);
});

test('ranks are in the order of the buckets, then of the rest of the hash', (t) => {
  t.deepEqual([0, 2 ** 15 - 1024, 2 ** 15, 2 ** 32 - 1024, 1, 2 ** 32 - 1].map(rankOfHash), [
    0,
    0,
    1,
    2 ** 17 - 1,
    2 ** 17,
    2 ** 27 - 1,
  ]);
});
