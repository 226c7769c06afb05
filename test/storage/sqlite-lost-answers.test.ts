// Projections whose writer does something and then cannot say so: the outcome is unknown, and must
// be found out, never guessed.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewNotification } from '../../contracts/notifications.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { SqliteFeedStore } from '../../storage/sqlite/rows/feed-sqlite.ts';
import type { ProjectionsHandlers } from '../../storage/sqlite/rows/projections-program.ts';
import { SqliteThread } from '../../storage/sqlite/thread/thread.ts';
import { UserRows } from '../../storage/sqlite/rows/user-rows.ts';
import { failsWith } from './contract/errors.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const SETTLE_ROWS = 4;

/** What happens to an operation, by its name and how often it came before. */
type Fate = (name: keyof ProjectionsHandlers, nth: number) => 'done' | 'answer-lost' | 'lost';

class UnreliableThread extends SqliteThread<ProjectionsHandlers> {
  fate: Fate = () => 'done';
  readonly #seen = new Map<string, number>();

  override async submit<N extends keyof ProjectionsHandlers>(
    name: N,
    ...parameters: Parameters<ProjectionsHandlers[N]>
  ): Promise<ReturnType<ProjectionsHandlers[N]>> {
    const nth = this.#seen.get(name) ?? 0;
    this.#seen.set(name, nth + 1);
    const fate = this.fate(name, nth);
    if (fate === 'lost') throw new StoreUnavailableError('never arrived');
    const result = await super.submit(name, ...parameters);
    if (fate === 'answer-lost') throw new StoreUnavailableError('the answer was lost');
    return result;
  }
}

async function openFeed(t: ExecutionContext) {
  const directory = temporaryDirectory();
  const file = join(directory, 'projections.db');
  const program = new URL('../../storage/sqlite/rows/projections-program.ts', import.meta.url);
  const writer = new UnreliableThread({ program, file, walBytesMax: 1 << 20, pageCountMax: 0 });
  await writer.start();
  const reader = openReaderDatabase(file);
  const rows = new UserRows({ writer, reader, settleRows: SETTLE_ROWS });
  const feed = new SqliteFeedStore({ writer, reader, rows });
  t.teardown(async () => {
    await rows.stop();
    reader.close();
    await writer.close();
    removeDirectory(directory);
  });
  const generations = reader
    .prepare<[], number>('select generation from rows_generations order by 1')
    .pluck();
  return { writer, feed, rows, settledGenerations: () => generations.all() };
}

function batch(sequence: number, count: number) {
  const row: NewNotification = { userId: 'user_1', type: 'x', data: { sequence }, createdAt: 1 };
  return [{ shard: 1, sequence, rows: Array.from({ length: count }, () => row) }];
}

async function idsOf(feed: SqliteFeedStore): Promise<number[]> {
  const found = await feed.listAfter('user_1', '0', 1000);
  return found.map(({ id }) => Number(id));
}

test('N11: a repeated batch whose answer was lost is stored once', async (t) => {
  const { writer, feed } = await openFeed(t);
  writer.fate = (name, nth) => (name === 'appendRows' && nth === 1 ? 'answer-lost' : 'done');
  await feed.append(batch(1, 2));
  await failsWith(t, 'store-unavailable', feed.append(batch(2, 1)));
  t.deepEqual(await feed.append(batch(2, 1)), []);
  await feed.append(batch(3, 1));
  t.deepEqual(await idsOf(feed), [1, 2, 3, 4]);
  t.is(await feed.position(1), 3);
});

test('J1: rows added while settling failed half way are settled with the others', async (t) => {
  const { writer, feed, rows } = await openFeed(t);
  writer.fate = (name, nth) => {
    if (name === 'settle' && nth === 3) return 'lost';
    return name === 'appendRows' && nth === 1 ? 'lost' : 'done';
  };
  await feed.append(batch(1, SETTLE_ROWS)); // Its settling fails in the fourth slice.
  await rows.settled();
  await failsWith(t, 'store-unavailable', feed.append(batch(2, 2)));
  await feed.append(batch(2, 2)); // To the same generation, now that memory was made anew.
  await rows.settled();
  t.deepEqual(await idsOf(feed), [1, 2, 3, 4, 5, 6]);
  await feed.append(batch(3, SETTLE_ROWS));
  await rows.settled();
  t.deepEqual(await idsOf(feed), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  t.is(await feed.unreadCount('user_1'), 10);
});

test('J1: a settled generation whose answer was lost is not read twice', async (t) => {
  const { writer, feed, rows, settledGenerations } = await openFeed(t);
  writer.fate = (name, nth) => (name === 'finishSettling' && nth === 0 ? 'answer-lost' : 'done');
  await feed.append(batch(1, SETTLE_ROWS));
  await rows.settled();
  t.deepEqual(await idsOf(feed), [1, 2, 3, 4]);
  await feed.append(batch(2, 1));
  await rows.settled();
  await feed.append(batch(3, SETTLE_ROWS));
  await rows.settled();
  t.deepEqual(await idsOf(feed), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.deepEqual(settledGenerations(), [1, 2]);
});

test('J1: merges of which any answer is lost neither hide a row nor show it twice', async (t) => {
  const { writer, feed, rows, settledGenerations } = await openFeed(t);
  writer.fate = (name, nth) => (name === 'mergeSlice' && nth % 3 === 2 ? 'answer-lost' : 'done');
  const wanted: number[] = [];
  for (let sequence = 1; sequence <= 24; sequence++) {
    const added = await feed.append(batch(sequence, SETTLE_ROWS));
    wanted.push(...added.map(({ id }) => Number(id)));
    await rows.merged();
    t.deepEqual(await idsOf(feed), wanted);
  }
  t.is(wanted.length, 24 * SETTLE_ROWS);
  t.true(settledGenerations().length < 24);
});

test('J7: rows that cannot be settled are refused before they fill the memory', async (t) => {
  const { writer, feed, rows, settledGenerations } = await openFeed(t);
  writer.fate = (name) => (name === 'settle' ? 'lost' : 'done');
  let sequence = 0;
  const fill = async () => {
    while (sequence < 20) {
      await feed.append(batch(sequence + 1, SETTLE_ROWS));
      sequence += 1;
    }
  };
  await failsWith(t, 'store-unavailable', fill());
  const ids = await idsOf(feed);
  t.is(ids.length, sequence * SETTLE_ROWS);
  t.true(sequence < 10);
  writer.fate = () => 'done';
  await feed.append(batch(sequence + 1, 1));
  await rows.settled();
  t.is((await idsOf(feed)).length, ids.length + 1);
  t.true(settledGenerations().length > 0);
});
