// Processes that are killed while they merge user rows: whatever was stored is read once, in order.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import Database from 'better-sqlite3';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import { GENERATIONS_MAX } from '../../storage/sqlite/rows/merge-plan.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const SETTLE_ROWS = 256;
const USERS = 7;
const BATCH_ROWS = 16;
/** Sequences that are stored before each kill: several generations. */
const SEQUENCES = [150, 371, 512, 633, 790, 941];
const WRITER = fileURLToPath(new URL('fixtures/store-rows-forever.ts', import.meta.url));

/** Resolves once the process has stored the sequence and was killed. */
async function storeUntil(directory: string, first: number, last: number): Promise<void> {
  const parameters = [WRITER, directory, String(first), String(SETTLE_ROWS), String(USERS)];
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    if (Number(line) === last) child.kill('SIGKILL');
  }
  await exited;
}

async function everyId<T extends { id: string }>(list: (page: PageRequest) => Promise<Page<T>>) {
  const ids: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<T> = await list({ limit: 100, cursor });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
    if (cursor === null) return ids;
  }
}

test('J1: rows of a process that is killed in merges are all there, each once', async (t) => {
  t.timeout(180_000);
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  let stored = 0;
  let killedInMerge = 0;
  for (const last of SEQUENCES) {
    await storeUntil(directory, stored + 1, last);
    const database = new Database(join(directory, 'projections.db'), { readonly: true });
    const inMerge = 'select count(*) from rows_merges where state <> 1';
    if (database.prepare<[], number>(inMerge).pluck().get()! > 0) killedInMerge += 1;
    database.close();

    const stores = await openSqliteStores({ directory, settleRows: SETTLE_ROWS });
    stored = await stores.readModels.position(1);
    t.true(stored >= last);
    const { orderList, feed } = stores;
    for (let user = 0; user < USERS; user++) {
      const wanted: string[] = [];
      for (let ordinal = (stored + 1) * BATCH_ROWS - 1; ordinal >= BATCH_ROWS; ordinal--) {
        if (ordinal % USERS === user) wanted.push(`drop_k-${ordinal.toString(36)}`);
      }
      t.deepEqual(await everyId((page) => orderList.listByUser(`user_${user}`, page)), wanted);
      const told = await everyId((page) => feed.list(`user_${user}`, { unread: false }, page));
      t.is(told.length, wanted.length);
      t.is(new Set(told).size, wanted.length);
    }
    t.is((await orderList.totalsOfDrops(['drop_k'])).get('drop_k')!.orders, stored * BATCH_ROWS);
    await stores.close();
  }
  t.true(killedInMerge > 0);

  const stores = await openSqliteStores({ directory, settleRows: SETTLE_ROWS });
  await stores.readModels.merged();
  await stores.close();
  const database = new Database(join(directory, 'projections.db'), { readonly: true });
  t.deepEqual(database.prepare('select state from rows_merges where state <> 1').all(), []);
  const left =
    'select (select count(*) from rows_merges) + (select count(*) from rows_generations)';
  t.true(database.prepare<[], number>(left).pluck().get()! <= GENERATIONS_MAX);
  database.close();
});
