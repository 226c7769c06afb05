// `livedrops jobs`: its table, and its whole way with a server that is killed in the middle of one.

import test from 'ava';
import type { Static } from 'typebox';
import type { JobBody } from '../../contracts/jobs.ts';
import { jobsText } from '../../operator/jobs.ts';
import { ServerProcess } from '../../operator/demo/server-process.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { readTruth } from '../chaos/truth.ts';
import { AUTH_SECRET, eventually, type Json, SaleClient } from '../end-to-end/sale-client.ts';
import { jobOf } from '../storage/contract/jobs.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const TIME = '2027-01-15T08:00:00.000Z';
const ORDERS = 600;

function jobInfo(change: Partial<Static<typeof JobBody>> = {}): Static<typeof JobBody> {
  return {
    id: 'j_01kb9c0q0example00000000',
    kind: 'refund-orders',
    state: 'queued',
    callerId: 'ann',
    subject: 'd_1',
    progress: { done: 0, refused: {}, left: 3 },
    attempts: 0,
    createdAt: TIME,
    updatedAt: TIME,
    ...change,
  };
}

test('J11: jobs print as a table with their progress and reasons', (t) => {
  t.is(jobsText([]), 'No jobs.\n');
  const progress = { done: 7, refused: { 'not-found': 2, 'order-not-refundable': 1 } };
  const rows = [jobInfo(), jobInfo({ state: 'failed', attempts: 10, reason: 'Away.', progress })];
  const [headings, ...lines] = jobsText(rows).split('\n');
  t.regex(headings!, /^created +id +kind +of +by +state +done +refused +left +attempts +reason$/);
  t.deepEqual(
    lines.map((line) => line.replaceAll(/ +/g, ' ')),
    [
      `${TIME} j_01kb9c0q0example00000000 refund-orders d_1 ann queued 0 - 3 0 -`,
      `${TIME} j_01kb9c0q0example00000000 refund-orders d_1 ann failed 7 ` +
        '2 not-found, 1 order-not-refundable - 10 Away.',
      '2 jobs',
      '',
    ],
  );
});

test('J11: jobs are listed up to --limit, shown, retried and cancelled', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  const { jobs } = gateway.cluster;
  const bounds = { ofKindMax: 1_000, ofCallerMax: 1_000 };
  const idOf = (i: number) => `j_${String(i).padStart(25, '0')}`;
  for (let i = 0; i < 130; i++) await jobs.add(jobOf(idOf(i), { createdAt: i }), bounds);
  t.is((await gateway.api.jobs(null, 1_000)).length, 130);
  t.is((await gateway.api.jobs('queued', 120)).length, 120);
  t.is((await gateway.api.jobs('failed', 120)).length, 0);
  const run = (...args: string[]) =>
    runCommand(['jobs', ...args, '--url', gateway.url, '--token', TOKEN]);
  const [listed, shown, planned, unknown] = await Promise.all([
    run('--limit', '2', '--json'),
    run('show', idOf(5)),
    run('cancel', idOf(5), '--dry-run'),
    run('retry', 'x'),
  ]);
  t.is((JSON.parse(listed.stdout) as unknown[]).length, 2);
  t.regex(shown.stdout, /queued/);
  t.is(planned.stdout, `${idOf(5)} would be cancelled\n`);
  t.is(unknown.code, 2);
  t.is((await jobs.find(idOf(5)))!.state, 'queued');
  t.is((await run('cancel', idOf(5))).stdout, `${idOf(5)} is cancelled\n`);
  t.is((await run('retry', idOf(5))).stdout, `${idOf(5)} is queued\n`);
  t.deepEqual(
    gateway.cluster.log.actions.map(({ action }) => action),
    ['cancel-job', 'retry-job'],
  );
});

test('J11, O15: refunds of a drop go on after kill -9, and each order is refunded once', async (t) => {
  const directory = temporaryDirectory();
  const environment = {
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
