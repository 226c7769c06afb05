// A parked refund, by `livedrops refunds`, with a server that is killed between.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import type { ParkedRefund } from '../../sdk/api.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { COMPILE_CACHE, PROGRAM, runCommand } from './run-command.ts';

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
    const env = { ...COMPILE_CACHE, ...settings, LIVEDROPS_PAYMENT_REFUNDS_AS: refundsAs };
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
    JSON.parse((await run('list', '--json')).stdout) as readonly ParkedRefund[];

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
