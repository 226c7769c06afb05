import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import Database from 'better-sqlite3';
import { LoadProcess } from '../../../bench/load/load-process.ts';
import type { ClosedLoop } from '../../../bench/measure.ts';
import { JOURNAL_BYTES_PER_ORDER } from '../../../bench/servers/order-server.ts';
import { RawDurableOrderServer } from '../../../bench/servers/raw-order-server.ts';

test('the durable floor stores every answered order, many in a row', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-test-'));
  const server = new RawDurableOrderServer({ bytesPerAnswer: 500, status: '201' }, directory);
  const load: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  t.teardown(() => load.stop());
  t.teardown(() => server.stop());
  await server.start();
  const plan = await server.drop();
  const { answers, statuses, errors, bytesPerAnswer } = await load.run({
    plan,
    connections: 16,
    seconds: 0.3,
  });
  t.deepEqual([statuses, errors, bytesPerAnswer], [{ 201: answers }, 0, 500]);
  const database = new Database(join(directory, 'floor.db'), { readonly: true });
  const rows = database.prepare<[], number>('select length(bytes) from entries').pluck().all();
  database.close();
  const bytes = rows.reduce((sum, length) => sum + length, 0);
  t.is(bytes, answers * JOURNAL_BYTES_PER_ORDER);
  t.true(rows.length > 0 && rows.length < answers, `${rows.length} rows of ${answers} orders`);
  await server.stop();
  t.false(existsSync(directory));
});
