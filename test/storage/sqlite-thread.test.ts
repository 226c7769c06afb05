// The thread that every SQLite file has: groups, bounds, and what happens when it fails or dies.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import test, { type ExecutionContext } from 'ava';
import { SqliteThread, type SqliteThreadOptions } from '../../storage/sqlite/thread/thread.ts';
import { failsWith } from './contract/errors.ts';
import type { CounterHandlers } from './fixtures/counter-program.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

function makeThread(t: ExecutionContext, options: Partial<SqliteThreadOptions> = {}) {
  const directory = temporaryDirectory();
  const thread = new SqliteThread<CounterHandlers>({
    program: new URL('fixtures/counter-program.ts', import.meta.url),
    file: join(directory, 'counter.db'),
    walBytesMax: 1 << 20,
    pageCountMax: 0,
    restartDelayMs: 1,
    ...options,
  });
  t.teardown(async () => {
    await thread.close();
    removeDirectory(directory);
  });
  return thread;
}

test('J2: operations keep their order, and those that wait share a transaction', async (t) => {
  const thread = makeThread(t);
  await thread.start();
  const added = await Promise.all(Array.from({ length: 300 }, () => thread.submit('add', 1)));
  t.deepEqual(
    added,
    [...Array(300).keys()].map((i) => i + 1),
  );
  t.is(await thread.submit('commits'), 1);
  const first = thread.submit('add', 1);
  await Promise.resolve(); // The first group leaves with this turn's microtasks.
  await Promise.resolve();
  const others = Array.from({ length: 50 }, () => thread.submit('add', 1));
  await Promise.all([first, ...others]);
  t.is(await thread.submit('commits'), 4);
});

test('J7: a group that fails is undone as a whole, and the next one works', async (t) => {
  const thread = makeThread(t);
  await thread.start();
  const group = [thread.submit('add', 1), thread.submit('fail'), thread.submit('add', 1)];
  const outcomes = await Promise.allSettled(group);
  for (const outcome of outcomes) {
    t.is(outcome.status, 'rejected');
    if (outcome.status !== 'rejected') continue;
    t.is((outcome.reason as { code: string }).code, 'store-unavailable');
    t.regex((outcome.reason as Error).message, /counter\.db: Error: this operation fails/);
  }
  t.is(await thread.submit('add', 5), 5);
});

test('J7: what waits past the bound is refused at once, the rest goes through', async (t) => {
  const thread = makeThread(t, { waitingOperationsMax: 3 });
  await thread.start();
  const submitted = Array.from({ length: 5 }, () => thread.submit('add', 1));
  await failsWith(t, 'store-unavailable', submitted[4]!);
  await failsWith(t, 'store-unavailable', submitted[3]!);
  t.deepEqual(await Promise.all(submitted.slice(0, 3)), [1, 2, 3]);
  t.is(await thread.submit('add', 1), 4);
});

test('J3: a thread that dies fails all waiting operations, and is restarted', async (t) => {
  const thread = makeThread(t);
  await thread.start();
  await thread.submit('add', 1);
  const dying = [thread.submit('add', 10), thread.submit('die')];
  await Promise.resolve();
  await Promise.resolve();
  const waiting = [thread.submit('add', 100)];
  for (const one of [...dying, ...waiting]) await failsWith(t, 'store-unavailable', one);
  await failsWith(t, 'store-unavailable', thread.submit('add', 1000));
  t.is(await whenBack(thread), 2);
});

/** Adds 1 as soon as the thread takes operations again. */
async function whenBack(thread: SqliteThread<CounterHandlers>): Promise<number> {
  for (;;) {
    try {
      return await thread.submit('add', 1);
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('bytes of any size arrive, in the shared memory or beside it', async (t) => {
  const thread = makeThread(t);
  await thread.start();
  const sizes = [0, 1, 500_000, 600_000, 1 << 20, (1 << 20) + 1, 3 << 20];
  const measured = sizes.map((size) => thread.submit('measure', new Uint8Array(size)));
  t.deepEqual(await Promise.all(measured), sizes);
});

test('close finishes the submitted operations, then refuses new ones', async (t) => {
  const thread = makeThread(t);
  await thread.start();
  const added = [thread.submit('add', 1), thread.submit('add', 1)];
  await Promise.all([thread.close(), thread.close()]);
  t.deepEqual(await Promise.all(added), [1, 2]);
  await failsWith(t, 'store-unavailable', thread.submit('add', 1));
});

test('a file of a newer version, or no database at all, is refused with its name', async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const file = join(directory, 'newer.db');
  const newer = new Database(file);
  newer.pragma('user_version = 7');
  newer.close();
  const refused = await t.throwsAsync(makeThread(t, { file }).start());
  t.is((refused as { code?: string }).code, 'schema-too-new');
  t.regex(refused.message, /newer\.db.*schema 7.*knows 1/);
  const nowhere = join(directory, 'none', 'counter.db');
  const failed = await t.throwsAsync(makeThread(t, { file: nowhere }).start());
  t.regex(failed.message, /none\/counter\.db/);
  t.false(existsSync(nowhere));
});
