// Exports in threads of their own, on the files of a data directory (O9a).

import test from 'ava';
import type { OrderExport } from '../../app/order-exports.ts';
import { loadConfig } from '../../composition/config.ts';
import { ExportThreads } from '../../composition/export-threads.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { addOrders, dropWith, seal } from '../storage/sealed-drops.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

test('O9a: a thread reads the orders of a drop, chunk by chunk, and ends when it is told', async (t) => {
  const directory = temporaryDirectory();
  const stores = await openSqliteStores({ directory });
  t.teardown(async () => {
    await stores.close();
    removeDirectory(directory);
  });
  const state = dropWith(SEGMENT_LENGTH * 2);
  await seal(stores.snapshots, state, 0);
  const config = loadConfig({ LIVEDROPS_DATA: directory });
  const readDetails = async () => new Map();
  const threads = new ExportThreads({ config, shardCount: stores.shardCount, readDetails });
  t.is(await threads.open('d_none', 'csv'), null);

  const opened = (await threads.open('d_1', 'ndjson'))!;
  t.like(opened, { version: state.version, orders: SEGMENT_LENGTH * 2 });
  const chunks = opened.chunks[Symbol.asyncIterator]();
  let text = '';
  for (let i = 0; i < 3; i++) text += (await chunks.next()).value;
  // What comes later is of the same version still.
  addOrders(state, SEGMENT_LENGTH * 2, SEGMENT_LENGTH * 3);
  await seal(stores.snapshots, state, 0);
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
    text += next.value;
  const ids = text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => (JSON.parse(line) as { id: string }).id);
  t.deepEqual(
    ids,
    Array.from({ length: SEGMENT_LENGTH * 2 }, (_, ordinal) => state.orderView(ordinal).id),
  );
  opened.close();

  // Goes on where the version is the same, and begins anew where it is not.
  const all = (await threads.open('d_1', 'ndjson'))!;
  const whole = await textOf(all);
  const { version } = all;
  const after = { version, orders: SEGMENT_LENGTH + 512 };
  const rest = (await threads.open('d_1', 'ndjson', after))!;
  t.is(rest.at(), after.orders);
  const lines = whole.split('\n').slice(1 + after.orders);
  t.true((await textOf(rest)) === lines.join('\n'));
  t.is(rest.at(), SEGMENT_LENGTH * 3);
  const anew = await threads.open('d_1', 'ndjson', { ...after, version: version - 1 });
  t.is(anew!.at(), 0);
  t.true((await textOf(anew!)) === whole);

  const second = (await threads.open('d_1', 'csv'))!;
  const reading = second.chunks[Symbol.asyncIterator]();
  await reading.next();
  threads.stop();
  await t.throwsAsync(async () => await reading.next(), { code: 'store-unavailable' });
});

async function textOf({ chunks, close }: OrderExport): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  close();
  return text;
}
