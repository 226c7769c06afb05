// A job of a server that is killed in the middle of it.

import test from 'ava';
import { ServerProcess } from '../../operator/demo/server-process.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { readTruth } from '../chaos/truth.ts';
import { AUTH_SECRET, eventually, type Json, SaleClient } from '../end-to-end/sale-client.ts';
import { COMPILE_CACHE } from './run-command.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const ORDERS = 600;

test('J11, O15: refunds of a drop go on after kill -9, and each order is refunded once', async (t) => {
  const directory = temporaryDirectory();
  const environment = {
    ...COMPILE_CACHE,
    LIVEDROPS_DATA: directory,
    LIVEDROPS_PORT: '0',
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    LIVEDROPS_LOG: 'error',
  };
  const server = new ServerProcess({ environment });
  t.teardown(async () => {
    await server.kill();
    removeDirectory(directory);
  });
  let client = new SaleClient({ urls: [await server.start()] });
  const dropId = await client.drop('ann', { stock: ORDERS, limitPerUser: 1_000 });
  for (let i = 0; i < ORDERS; i += 50) {
    const orders = Array.from({ length: 50 }, (_, j) => client.order(dropId, 'ben', `k${i + j}`));
    for (const { status } of await Promise.all(orders)) t.is(status, 201);
  }
  const path = `/v1/drops/${dropId}/refunds`;
  const queued = await client.post(path, { as: 'ann', body: { all: true } });
  t.is(queued.status, 202, queued.text);
  const at = String(queued.headers.get('location'));
  const read = async () => (await client.get(at, { as: 'ann' })).json;
  const doneOf = ({ progress }: Json) => (progress as { done: number }).done;
  const before = await eventually(read, (job) => doneOf(job) > 0);
  await server.kill();
  t.true(doneOf(before) < ORDERS, 'killed before the end');
  client = new SaleClient({ urls: [await server.start()] });
  const job = await eventually(read, ({ state }) => state === 'done');
  t.like(job, { state: 'done', progress: { done: ORDERS, refused: {}, left: 0 } });
  t.true(await server.stop());
  const stores = await openSqliteStores({ directory });
  const truth = await readTruth(stores.journal);
  await stores.close();
  const lives = truth.drops.get(dropId)!.orders.map(({ steps }) => steps.map((one) => one.status));
  t.is(lives.length, ORDERS);
  t.deepEqual(new Set(lives.map((life) => life.join())), new Set(['confirmed,refunded']));
});
