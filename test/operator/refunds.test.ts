// `livedrops refunds`: its tables, and its whole way with a server that is killed between.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import type { RefundInfo } from '../../operator/api-views.ts';
import { changeText, refundsText } from '../../operator/refunds.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { parkedRefund } from '../events/payments/parked-refunds.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { PROGRAM, runCommand } from './run-command.ts';

const TIME = '2027-01-15T08:00:00.000Z';

function refundInfo(change: Partial<RefundInfo> = {}): RefundInfo {
  const { revision: _, ...refund } = parkedRefund();
  const times = { firstAttemptAt: TIME, lastAttemptAt: TIME, parkedAt: TIME, nextAttemptAt: null };
  return { ...refund, ...times, ...change };
}

test('P6: refunds print as a table with their reasons and next attempts', (t) => {
  t.is(refundsText([]), 'No refunds.\n');
  const rows = [
    refundInfo(),
    refundInfo({ refused: false, nextAttemptAt: TIME, reason: 'no answer' }),
    refundInfo({ state: 'dismissed', dismissal: 'Paid back by hand.' }),
  ];
  const [headings, ...lines] = refundsText(rows).split('\n');
  t.regex(
    headings!,
    /^parked +id +order +amount +currency +state +attempts +next attempt +reason$/,
  );
  const { id } = refundInfo();
  t.deepEqual(
    lines.map((text) => text.replaceAll(/ +/g, ' ')),
    [
      `${TIME} ${id} d_1-0 25.00 EUR parked 1 refused for good The card was closed.`,
      `${TIME} ${id} d_1-0 25.00 EUR parked 1 ${TIME} no answer`,
      `${TIME} ${id} d_1-0 25.00 EUR dismissed 1 - Paid back by hand.`,
      '3 refunds',
      '',
    ],
  );
  t.is(changeText({ applied: false, refund: refundInfo() }), `${id} would be parked\n`);
});

test('P6: the list follows its pages up to --limit, and wrong arguments exit with 2', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  for (let i = 0; i < 130; i++) {
    const id = `rf_${String(i).padStart(24, '0')}`;
    await gateway.cluster.parkedRefunds.park(parkedRefund({ id, parkedAt: i }));
  }
  t.is((await gateway.api.refunds(null, 1_000)).length, 130);
  t.is((await gateway.api.refunds('parked', 120)).length, 120);
  t.is((await gateway.api.refunds('done', 120)).length, 0);
  const at = ['--url', gateway.url, '--token', TOKEN];
  const [json, unknown, unreasoned] = await Promise.all([
    runCommand(['refunds', '--limit', '2', '--json', ...at]),
    runCommand(['refunds', 'retry', 'x', ...at]),
    runCommand(['refunds', 'dismiss', `rf_${'0'.repeat(24)}`, ...at]),
  ]);
  t.deepEqual([json.code, unknown.code, unreasoned.code], [0, 2, 2]);
  t.is((JSON.parse(json.stdout) as unknown[]).length, 2);
  t.deepEqual(gateway.cluster.log.actions, []);
});

test('P6: a parked refund outlives kill -9, and is made when the provider recovers', async (t) => {
  const directory = temporaryDirectory();
  const servers: ChildProcess[] = [];
  t.teardown(async () => {
    for (const child of servers) {
      const exit = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await exit;
    }
    removeDirectory(directory);
  });
  const settings = {
    LIVEDROPS_DATA: directory,
    LIVEDROPS_PORT: '0',
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS[0],
    LIVEDROPS_LOG: 'silent',
  };
  const start = async (refundsAs: string): Promise<string> => {
    const env = { ...settings, LIVEDROPS_PAYMENT_REFUNDS_AS: refundsAs };
    const child = spawn(process.execPath, [PROGRAM, 'start'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(child);
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    return chunk.toString().trim().replace('LiveDrops ready on ', '');
  };
  const run = (...args: string[]) => runCommand(['refunds', ...args], { environment: settings });
  const listed = async () =>
    JSON.parse((await run('list', '--json')).stdout) as readonly RefundInfo[];

  const client = new SaleClient({ urls: [await start('refused')] });
  const creator = client.fresh('creator');
  const dropId = await client.drop(creator, { payment: 'provider', holdSeconds: 60 });
  const orderId = String((await client.order(dropId, 'ann', 'k', 1)).json['id']);
  await client.webhook('payment.succeeded', orderId);
  t.is((await client.post(`/v1/orders/${orderId}/refund`, { as: creator })).status, 200);
  const [parked] = await eventually(listed, (refunds) => refunds.length === 1);
  t.like(parked, { orderId, state: 'parked', refused: true });
  const exit = once(servers[0]!, 'exit');
  servers[0]!.kill('SIGKILL');
  await exit;

  await start('accepted');
  const retried = await run('retry', parked!.id);
  t.deepEqual([retried.code, retried.stdout], [0, `${parked!.id} is retrying\n`]);
  const [made] = await eventually(listed, ([refund]) => refund?.state === 'done');
  t.like(made, { id: parked!.id, state: 'done', nextAttemptAt: null });
  const dismissed = await run('dismiss', parked!.id, '--reason', 'too late');
  t.is(dismissed.stdout, `${parked!.id} is done\n`);
});
