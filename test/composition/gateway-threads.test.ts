// A node with gateway threads keeps as a whole what it promises (decision 116).

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { AccessTokens } from '../../app/access-tokens.ts';
import { loadConfig } from '../../composition/config.ts';
import { type EndReason, type Server, startServer } from '../../composition/server.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const SECRET = 'the secret of gateway threads, long enough';
const STREAMS_OF_USER = 4;
const folder = temporaryDirectory();
const workers: Worker[] = [];
const remember = (worker: Worker): void => void workers.push(worker);
const tokens = new AccessTokens({ secret: SECRET });
let server: Server;
let endReason: Promise<EndReason>;

test.before(async () => {
  const limits = join(folder, 'limits.json');
  writeFileSync(limits, JSON.stringify({ streams: { user: STREAMS_OF_USER } }));
  process.on('worker', remember);
  const ended = Promise.withResolvers<EndReason>();
  endReason = ended.promise;
  server = await startServer(
    loadConfig({
      LIVEDROPS_DATA: join(folder, 'data'),
      LIVEDROPS_PORT: '0',
      LIVEDROPS_THREADS: '3',
      LIVEDROPS_AUTH_SECRET: SECRET,
      LIVEDROPS_LIMITS_FILE: limits,
      LIVEDROPS_ROLES: 'gateway,actors,services',
      LIVEDROPS_LOG: 'silent',
    }),
    ended.resolve,
  );
});
test.after.always(async () => {
  process.off('worker', remember);
  await server?.stop();
  removeDirectory(folder);
});

/** Over a connection of its own, and so through the next thread. */
async function call(method: string, path: string, user: string, headers: object = {}, body = '') {
  const authorization = `Bearer ${tokens.sign({ userId: user, roles: [], lifetimeSeconds: 600 })}`;
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization,
      connection: 'close',
      'content-type': 'application/json',
      ...headers,
    },
    ...(body !== '' && { body }),
  });
  return { status: response.status, text: await response.text() };
}

test.serial('threads read one monotonic clock, which their limits count by', async (t) => {
  const program = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', () => parentPort.postMessage(performance.now()));`;
  const worker = new Worker(program, { eval: true });
  t.teardown(() => worker.terminate());
  for (let turn = 0; turn < 5; turn++) {
    const before = performance.now();
    worker.postMessage('now');
    const [between] = (await once(worker, 'message')) as [number];
    t.true(between >= before && between <= performance.now());
  }
});

test.serial('H5: a user gets the quota of the node, through whatever threads', async (t) => {
  // Reads of a user: 300 in 10 s, half of them at once.
  const answers = await Promise.all(
    Array.from({ length: 330 }, () => call('GET', '/v1/orders', 'ann')),
  );
  const counts = Map.groupBy(answers, ({ status }) => status);
  t.deepEqual(
    [...counts.keys()].toSorted((a, b) => a - b),
    [200, 429],
  );
  const taken = counts.get(200)!.length;
  t.true(taken >= 150 && taken <= 300, String(taken));
  t.is((await call('GET', '/v1/orders', 'ben')).status, 200);
});

test.serial('H6: a user has as many streams as the node allows, over all threads', async (t) => {
  const protocols = [
    'livedrops.v1',
    `bearer.${tokens.sign({ userId: 'cleo', roles: [], lifetimeSeconds: 600 })}`,
  ];
  const open = async (): Promise<WebSocket | null> => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/notifications`, protocols);
    return await new Promise((resolve) => {
      socket.addEventListener('open', () => resolve(socket));
      socket.addEventListener('error', () => resolve(null));
    });
  };
  const sockets = await Promise.all(Array.from({ length: 10 }, open));
  const opened = sockets.filter((socket) => socket !== null);
  t.is(opened.length, STREAMS_OF_USER);
  const { text } = await call('GET', '/metrics', 'ann', { accept: 'text/plain' });
  t.regex(text, new RegExp(`^livedrops_live_connections ${STREAMS_OF_USER}$`, 'm'));
  for (const socket of opened) {
    socket.close();
    await once(socket, 'close');
  }
  let again = await open();
  while (again === null) again = await open();
  again.close();
  await once(again, 'close');
});

test.serial('L5: the metrics of a node are those of all its threads together', async (t) => {
  const counted = async (): Promise<number> => {
    const { text } = await call('GET', '/metrics', 'ann');
    const line =
      /^livedrops_http_request_duration_seconds_count\{method="GET",route="\/v1\/drops",status="2xx"\} (\d+)$/m;
    return Number(line.exec(text)?.[1] ?? 0);
  };
  const before = await counted();
  for (let count = 0; count < 7; count++) await call('GET', '/v1/drops', `reader${count}`);
  t.is(await counted(), before + 7);
});

test.serial('a thread that dies ends the process, and no connection is accepted', async (t) => {
  const thread = workers.find((worker) => worker.threadName === 'gateway-2');
  await thread!.terminate();
  t.is(await endReason, 'thread-died');
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  const [error] = (await once(socket, 'error')) as [{ code: string }];
  t.is(error.code, 'ECONNREFUSED');
});
