// The list of payments to look at, of a server that is killed between.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import Database from 'better-sqlite3';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { COMPILE_CACHE, PROGRAM } from './run-command.ts';

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
      env: { ...COMPILE_CACHE, ...environment },
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
