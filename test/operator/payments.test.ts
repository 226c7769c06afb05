// `livedrops payments`: its table, its filters, its pages, and its whole way with a server that is
// killed between.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import Database from 'better-sqlite3';
import type { ProblemInfo } from '../../operator/api-views.ts';
import { paymentsText } from '../../operator/payments.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { paymentProblem } from '../events/payments/payment-problems.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { PROGRAM, runCommand } from './run-command.ts';

const TIME = '2027-01-15T08:00:00.000Z';

function problemInfo(change: Partial<ProblemInfo> = {}): ProblemInfo {
  return { ...paymentProblem(), openedAt: TIME, closedAt: null, ...change };
}

test('P2a, P7: payments to look at print as a table with their states', (t) => {
  t.is(paymentsText([]), 'No payments to look at.\n');
  const rows = [
    problemInfo(),
    problemInfo({ kind: 'disputed', open: false, outcome: 'lost', reason: null }),
    problemInfo({ kind: 'voided', open: false, reason: null }),
  ];
  const [headings, ...lines] = paymentsText(rows).split('\n');
  t.regex(headings!, /^opened +kind +order +reference +amount +currency +order amount +state$/);
  t.deepEqual(
    lines.map((text) => text.replaceAll(/ +/g, ' ')),
    [
      `${TIME} rejected d_1-0 ref 1 JPY 25.00 EUR open (wrong-amount)`,
      `${TIME} disputed d_1-0 ref 1 JPY 25.00 EUR lost`,
      `${TIME} voided d_1-0 ref 1 JPY 25.00 EUR closed`,
      '3 payments',
      '',
    ],
  );
});

test('P2a, P7: the list follows its pages, by kind and by open', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  const rows = Array.from({ length: 130 }, (_, i) => {
    const kind = i < 10 ? ('disputed' as const) : ('voided' as const);
    const problem = paymentProblem({ id: `pp_${i}`, kind, open: i < 5, openedAt: i });
    return { type: 'opened' as const, problem };
  });
  await gateway.cluster.paymentProblems.store([{ shard: 0, sequence: 1, rows }]);
  t.is((await gateway.api.paymentProblems({}, 1_000)).length, 130);
  t.is((await gateway.api.paymentProblems({}, 120)).length, 120);
  const at = ['--url', gateway.url, '--token', TOKEN];
  const [disputed, open, unknown] = await Promise.all([
    runCommand(['payments', '--kind', 'disputed', '--limit', '7', '--json', ...at]),
    runCommand(['payments', '--open', '--json', ...at]),
    runCommand(['payments', '--kind', 'lost', ...at]),
  ]);
  t.deepEqual([disputed.code, open.code, unknown.code], [0, 0, 2]);
  t.is((JSON.parse(disputed.stdout) as unknown[]).length, 7);
  t.is((JSON.parse(open.stdout) as unknown[]).length, 5);
});

test('P2a: the list outlives kill -9, and is made for data of before it', async (t) => {
  const directory = temporaryDirectory();
  const servers: ChildProcess[] = [];
  const kill = async (): Promise<void> => {
    for (const child of servers.splice(0)) {
      const exit = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await exit;
    }
  };
  t.teardown(async () => {
    await kill();
    removeDirectory(directory);
  });
  const environment = {
    LIVEDROPS_DATA: directory,
    LIVEDROPS_PORT: '0',
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS[0],
    LIVEDROPS_LOG: 'silent',
  };
  const start = async (): Promise<SaleClient> => {
    const child = spawn(process.execPath, [PROGRAM, 'start'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(child);
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const url = chunk.toString().trim().replace('LiveDrops ready on ', '');
    return new SaleClient({ urls: [url] });
  };
  const listed = async (client: SaleClient) => {
    const token = client.token('olga', 3_600, ['operator']);
    return await eventually(
      async () => (await client.get('/v1/operator/payment-problems', { token })).json['items'],
      (problems) => (problems as object[]).length === 2,
    );
  };

  const client = await start();
  const creator = client.fresh('creator');
  const dropId = await client.drop(creator, { payment: 'provider', holdSeconds: 60 });
  const orderId = String((await client.order(dropId, 'ann', 'k', 1)).json['id']);
  const wrong = { reference: 'W', amount: 1, currency: 'JPY' };
  await client.webhook('payment.succeeded', orderId, wrong);
  await client.webhook('payment.succeeded', orderId, { reference: 'R' });
  await client.webhook('payment.disputed', orderId, { reference: 'R' });
  const before = await listed(client);
  t.like(before, [
    { kind: 'disputed', open: true, orderId, reference: 'R' },
    { kind: 'rejected', open: true, orderId, ...wrong },
  ]);
  await kill();
  t.deepEqual(await listed(await start()), before);

  await kill();
  const catalogue = new Database(join(directory, 'catalogue.db'));
  catalogue.exec(`
    delete from payment_problems;
    delete from consumer_positions where consumer = 'payment-problems';`);
  catalogue.close();
  t.deepEqual(await listed(await start()), before);
});
