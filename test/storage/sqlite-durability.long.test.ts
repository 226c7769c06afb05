// What only files can show: what stays after a restart or a kill, full disks, the bound of the log,
// and the directory's lock.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import Database from 'better-sqlite3';
import { EMBEDDED_SHARD_COUNT } from '../../domain/ids.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import { openSqliteStores, type SqliteStoresOptions } from '../../storage/sqlite/stores.ts';
import { failsWith } from './contract/errors.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

function makeDirectory(t: ExecutionContext): string {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  return directory;
}

async function openStores(t: ExecutionContext, options: SqliteStoresOptions) {
  const stores = await openSqliteStores(options);
  t.teardown(() => stores.close());
  return stores;
}

async function sequencesOf(journal: Journal, shard: number): Promise<number[]> {
  const { lastSequence } = await journal.head(shard);
  const entries = await journal.read(shard, 0, lastSequence + 1);
  return entries.map(({ sequence }) => sequence);
}

const upTo = (n: number): number[] => [...Array(n).keys()].map((i) => i + 1);

test('J1: everything is there after closing and opening again', async (t) => {
  const directory = makeDirectory(t);
  const before = await openStores(t, { directory });
  await before.journal.claim(1, 'a');
  await before.journal.append(1, 1, 1, Buffer.from('one'));
  await before.follows.follow('user_1', 'creator_1', 5);
  const batch = { userId: 'user_1', type: 'order.confirmed', data: {}, createdAt: 1 };
  const rows = [batch, batch];
  const stored = await before.feed.append([{ shard: 1, sequence: 1, rows }]);
  await before.close();
  const after = await openStores(t, { directory });
  t.deepEqual(await after.journal.claim(1, 'b'), { epoch: 2, lastSequence: 1 });
  t.deepEqual(await after.follows.counts('creator_1'), { followers: 1, following: 0 });
  t.is(await after.feed.position(1), 1);
  t.deepEqual(await after.feed.listAfter('user_1', '0', 10), stored);
  const [next] = await after.feed.append([{ shard: 1, sequence: 2, rows: [batch] }]);
  t.is(Number(next!.id), Number(stored[1]!.id) + 1);
});

test('J2: a claim fences the older owner for snapshots as well', async (t) => {
  const { journal, snapshots } = await openStores(t, { directory: makeDirectory(t) });
  await journal.claim(1, 'a');
  await journal.claim(1, 'b');
  const late = snapshots.saveSnapshot(
    1,
    1,
    { sequence: 1, head: Buffer.from('late'), partNames: [] },
    [],
  );
  await failsWith(t, 'fenced', late);
  t.is(await snapshots.loadSnapshot(1), null);
});

test('J4: whatever was acknowledged before a kill is there afterwards', async (t) => {
  const directory = makeDirectory(t);
  const script = fileURLToPath(new URL('fixtures/append-forever.ts', import.meta.url));
  let acknowledged = 0;
  for (const expected of [50, 90]) {
    const child = spawn(process.execPath, [script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= expected) child.kill('SIGKILL');
    }
    await exited;
  }
  const { journal } = await openStores(t, { directory });
  const sequences = await sequencesOf(journal, 1);
  t.true(acknowledged >= 90);
  t.true(sequences.length >= acknowledged);
  t.deepEqual(sequences, upTo(sequences.length));
  t.is((await journal.head(1)).epoch, 2);
});

test('J7: with a full disk nothing is acknowledged, and service returns with room', async (t) => {
  const stores = await openStores(t, { directory: makeDirectory(t) });
  const { journal, feed } = stores;
  const { epoch } = await journal.claim(1, 'a');
  await stores.limitPages('journal', 100);
  const entry = Buffer.alloc(20_000, 1);
  let acknowledged = 0;
  const fillUp = async () => {
    for (;;) {
      await journal.append(1, epoch, acknowledged + 1, entry);
      acknowledged += 1;
    }
  };
  const full = await t.throwsAsync(fillUp());
  t.is((full as { code?: string }).code, 'store-unavailable');
  t.regex(full.message, /journal\.db: SQLITE_FULL/);
  t.true(acknowledged > 5);
  await failsWith(t, 'store-unavailable', journal.append(1, epoch, acknowledged + 1, entry));
  t.deepEqual(await sequencesOf(journal, 1), upTo(acknowledged));
  await stores.limitPages('journal', 0);
  const claimed = await journal.claim(1, 'a');
  t.deepEqual(claimed, { epoch: epoch + 1, lastSequence: acknowledged });
  await journal.append(1, claimed.epoch, acknowledged + 1, entry);
  t.deepEqual(await sequencesOf(journal, 1), upTo(acknowledged + 1));

  await stores.limitPages('projections', 1);
  const row = { userId: 'user_1', type: 'x', data: { text: 'y'.repeat(50_000) }, createdAt: 1 };
  const batches = [{ shard: 1, sequence: 1, rows: [row] }];
  await failsWith(t, 'store-unavailable', feed.append(batches));
  t.is(await feed.unreadCount('user_1'), 0);
  await stores.limitPages('projections', 0);
  t.is((await feed.append(batches)).length, 1);
  t.is(await feed.unreadCount('user_1'), 1);
});

test('J7: the log stays bounded while readers never pause', async (t) => {
  const directory = makeDirectory(t);
  const walBytesMax = 4 << 20;
  const { journal } = await openStores(t, { directory, walBytesMax });
  await journal.claim(1, 'a');
  const file = join(directory, 'journal.db');
  const readers = [1, 2].map(
    () => new Worker(new URL('fixtures/read-forever.ts', import.meta.url), { workerData: file }),
  );
  await Promise.all(readers.map((reader) => once(reader, 'online')));
  const entry = Buffer.alloc(100_000, 1);
  let largest = 0;
  for (let sequence = 1; sequence <= 320; sequence++) {
    await journal.append(1, 1, sequence, entry);
    largest = Math.max(largest, statSync(`${file}-wal`).size);
  }
  await Promise.all(readers.map((reader) => reader.terminate()));
  // 32 MB were written. Between two looks at the log 32 commits add to it.
  t.true(largest < walBytesMax * 4, `the log grew to ${largest} bytes`);
});

test('W1: a data directory has one user, and a killed one leaves nothing', async (t) => {
  const directory = makeDirectory(t);
  const script = fileURLToPath(new URL('fixtures/append-forever.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const refused = await t.throwsAsync(openSqliteStores({ directory }));
  t.is((refused as { code?: string }).code, 'directory-in-use');
  t.true(refused.message.includes(directory));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const stores = await openStores(t, { directory });
  await failsWith(t, 'directory-in-use', openSqliteStores({ directory }));
  await stores.close();
  await t.notThrowsAsync(openStores(t, { directory }));
});

test('a new directory has few shards; one without a stored number has 256', async (t) => {
  const directory = makeDirectory(t);
  const fresh = await openStores(t, { directory });
  t.is(fresh.shardCount, EMBEDDED_SHARD_COUNT);
  await fresh.journal.claim(1, 'a');
  await fresh.close();
  const again = await openStores(t, { directory });
  t.is(again.shardCount, EMBEDDED_SHARD_COUNT);
  await again.close();
  const database = new Database(join(directory, 'journal.db'));
  database.exec('drop table installation; drop table sealed_parts');
  database.pragma('user_version = 2');
  database.close();
  t.is((await openStores(t, { directory })).shardCount, 256);
});
