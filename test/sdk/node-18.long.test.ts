// The built package in the first Node 18, from the registry: the first example of its README, a
// live stream, an upload. Skipped where the registry does not answer.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import test from 'ava';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { UploadServers } from '../media/upload-servers.ts';
import { buildPackage } from './built-package.ts';
import { FaultProxy } from './fault-proxy.ts';

const run = promisify(execFile);

const VERSION = '18.0.0';
/** The binaries alone, as the package `node` has them. */
const PACKAGE = `node-${process.platform}-${process.arch}`;
const README = join(import.meta.dirname, '..', '..', 'sdk', 'README.md');
const FILE_BYTES = 700 * 1_024;

/** Behind the example, whose client is `drops`. */
const MORE = `
const { LiveStream } = await import('@livedrops/client/live');
const { Upload } = await import('@livedrops/client/uploads');
const { WebSocket } = await import('ws');
const { readFile } = await import('node:fs/promises');

const notified = new Promise((resolve) => {
  const onNotification = ({ data }) => resolve(data.orderId);
  new LiveStream({ client: drops, webSocket: WebSocket, after: '0', onNotification });
});
console.log('notified', await notified);

const upload = new Upload({
  client: new LiveDrops({ url: given.url, token: 'bo' }),
  file: new Blob([await readFile(given.file)]),
  filename: 'lamp.jpg',
  purpose: 'product',
  url: given.place,
  retryFirstMs: 1,
});
console.log('uploaded', await upload.done);
process.exit();
`;

test(`G4: the package works in Node ${VERSION}`, async (t) => {
  t.timeout(300_000);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-node-18-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await run('npm', ['install', '--prefix', directory, ...options, `${PACKAGE}@${VERSION}`]);
  } catch (error) {
    t.log(`not run, as the registry has no ${PACKAGE}@${VERSION}: ${(error as Error).message}`);
    t.pass();
    return;
  }
  const node = join(directory, 'node_modules', PACKAGE, 'bin', 'node');
  t.is((await run(node, ['--version'])).stdout.trim(), `v${VERSION}`);

  const server = await SaleServer.start('embedded');
  t.teardown(() => server.stop());
  const uploads = new UploadServers();
  t.teardown(() => uploads.stop());
  const proxy = await FaultProxy.start(t, (await uploads.start()).url);
  proxy.arm({ cutRequestAt: FILE_BYTES / 2 });
  const built = buildPackage();
  t.teardown(() => built.remove());

  const [, example] = /```js\n([\s\S]*?)```/.exec(readFileSync(README, 'utf8'))!;
  const account = {
    email: /email: '([^']*)'/.exec(example!)![1],
    password: /password: '([^']*)'/.exec(example!)![1],
  };
  const registered = await server.post('/v1/auth/register', { body: { ...account, name: 'Bo' } });
  t.is(registered.status, 201);
  const dropId = await server.drop(server.fresh('seller'));
  const bytes = randomBytes(FILE_BYTES);
  const file = join(directory, 'lamp.jpg');
  writeFileSync(file, bytes);
  const given = { url: server.urls[0]!, place: `${proxy.url}/v1/uploads`, file };
  const program = join(built.directory, 'program.mjs');
  writeFileSync(
    program,
    `const given = ${JSON.stringify(given)};\nconst dropId = ${JSON.stringify(dropId)};\n` +
      example!.replace("'https://drops.example'", 'given.url') +
      MORE,
  );
  const { stdout } = await run(node, [program]);
  const [bought, notified, uploaded] = stdout.trim().split('\n');
  const [, orderId] = /^yours (\S+) confirmed$/.exec(bought!) ?? [];
  t.is(notified, `notified ${orderId}`);
  t.is((await server.readDrop(dropId)).sold, 1);
  const stored = uploads.pieces.read(uploaded!.slice('uploaded '.length));
  t.true((await buffer(Readable.from(stored))).equals(bytes));
});
