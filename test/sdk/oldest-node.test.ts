// The built package in the oldest Node of this machine: a purchase, a stream, a lost connection.

import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import ava from 'ava';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { buildPackage } from './built-package.ts';
import { FaultProxy } from './fault-proxy.ts';

const run = promisify(execFile);

/** The machine's own, which runs only the set-up of LiveDrops. */
const nodes = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .map((folder) => join(folder, 'node'))
  .filter((path) => existsSync(path));
const test = nodes.length === 0 ? ava.skip : ava;

/** Global objects that Node 18 has not are taken away. */
const PROGRAM = `
delete globalThis.WebSocket;
delete globalThis.crypto;
delete globalThis.navigator;
AbortSignal.any = undefined;
const { LiveDrops } = await import('@livedrops/client');
const { LiveStream } = await import('@livedrops/client/live');
const { WebSocket } = await import('ws');
const [url, token, dropId] = process.argv.slice(2);
const client = new LiveDrops({ url, token, retryFirstMs: 1 });
const notified = new Promise((resolve) => {
  const onNotification = ({ data }) => resolve(data.orderId);
  const stream = new LiveStream({ client, webSocket: WebSocket, after: '0', onNotification });
  process.on('exit', () => stream.close());
});
const { id } = await client.placeOrder(dropId, { quantity: 1 });
console.log(JSON.stringify({ version: process.version, isSame: (await notified) === id }));
process.exit();
`;

test('G4: the package works with what Node 18 has, on the Node of this machine', async (t) => {
  const server = await SaleServer.start('embedded');
  t.teardown(() => server.stop());
  const built = buildPackage();
  t.teardown(() => built.remove());
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const dropId = await server.drop(server.fresh('seller'));
  const userId = server.fresh('buyer');
  proxy.arm({ cutReplyAt: 100 });
  const program = join(built.directory, 'program.mjs');
  writeFileSync(program, PROGRAM);
  const { stdout } = await run(nodes[0]!, [program, proxy.url, server.token(userId), dropId]);
  const { version, isSame } = JSON.parse(stdout) as { version: string; isSame: boolean };
  t.log(version);
  t.true(isSame);
  const { sold } = await server.readDrop(dropId);
  t.is(sold, 1);
});
