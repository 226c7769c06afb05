// The load of a reconnect storm detects notifications that a server loses or sends twice.

import test from 'ava';
import type { WebSocket } from 'ws';
import type {
  NotificationsReport,
  OpenReturners,
  ReturnReport,
} from '../../../bench/load/live-returners.ts';
import { loadProcess, webSocketServer } from './live-servers.ts';

const CONNECTIONS = 4;

interface Feed {
  /** How many notifications everybody has had, with ids from 1. */
  length: number;
  /** What a resuming client gets, by the id that it names. */
  missed: (after: number) => number[];
}

function opening(port: number): OpenReturners {
  return {
    type: 'open',
    host: '127.0.0.1',
    port,
    connections: CONNECTIONS,
    paths: ['/'],
    network: 102,
    topic: 'drop:d',
  };
}

/** Says what the live stream says to a client that resumes and subscribes. */
function serve(socket: WebSocket, feed: Feed): void {
  socket.on('error', () => undefined);
  socket.on('message', (message: Buffer) => {
    const said = JSON.parse(message.toString()) as { type: string; after?: string };
    if (said.type === 'subscribe') {
      socket.send('{"type":"subscribed","topic":"drop:d"}');
      socket.send('{"type":"drop.snapshot","version":1}');
      return;
    }
    for (const id of feed.missed(Number(said.after))) notify(socket, id);
    socket.send('{"type":"resumed","lastId":"0","count":0}');
  });
}

function notify(socket: WebSocket, id: number): void {
  socket.send(JSON.stringify({ type: 'notification', id: String(id), data: {} }));
}

function after(feed: Feed): (id: number) => number[] {
  return (id) => Array.from({ length: feed.length - id }, (_, i) => id + 1 + i);
}

test('N7: clients resume after their last notification and get each once', async (t) => {
  const { server, port } = await webSocketServer(t);
  const feed: Feed = { length: 2, missed: () => [] };
  feed.missed = after(feed);
  server.on('connection', (socket) => serve(socket, feed));
  const ask = loadProcess(t, 'live-returners.ts');
  await ask(opening(port));
  await ask({ type: 'lose' });
  feed.length = 5;
  const { returned, turnedAway } = (await ask({ type: 'return' })) as ReturnReport;
  t.is(turnedAway, 0);
  t.true(returned.every(([, ms]) => ms > 0));
  const notifications = 5 * CONNECTIONS;
  t.deepEqual(await ask({ type: 'expect', notifications }), {
    received: notifications,
    repeated: 0,
  });
});

test('N7: a notification that comes twice is counted', async (t) => {
  const { server, port } = await webSocketServer(t);
  const feed: Feed = { length: 3, missed: () => [] };
  feed.missed = (id) => (id === 0 ? [1, 2, 3] : [id]);
  server.on('connection', (socket) => serve(socket, feed));
  const ask = loadProcess(t, 'live-returners.ts');
  await ask(opening(port));
  await ask({ type: 'lose' });
  await ask({ type: 'return' });
  const report = (await ask({ type: 'expect', notifications: 0 })) as NotificationsReport;
  t.deepEqual(report, { received: 3 * CONNECTIONS, repeated: CONNECTIONS });
});

test('a client whose connection is closed reconnects and resumes', async (t) => {
  const { server, port } = await webSocketServer(t);
  const feed: Feed = { length: 1, missed: () => [] };
  feed.missed = after(feed);
  let refusals = 2;
  server.on('connection', (socket) => {
    if (refusals > 0) socket.close(1013);
    else serve(socket, feed);
    refusals -= 1;
  });
  const ask = loadProcess(t, 'live-returners.ts');
  const { turnedAway } = (await ask(opening(port))) as ReturnReport;
  t.is(turnedAway, 2);
  t.deepEqual(await ask({ type: 'expect', notifications: CONNECTIONS }), {
    received: CONNECTIONS,
    repeated: 0,
  });
});

test('without a topic a client is up to date with its upgrade', async (t) => {
  const { server, port } = await webSocketServer(t);
  const said: unknown[] = [];
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (message) => said.push(message));
  });
  const ask = loadProcess(t, 'live-returners.ts');
  await ask({ ...opening(port), topic: null });
  await ask({ type: 'lose' });
  const { returned } = (await ask({ type: 'return' })) as ReturnReport;
  t.true(returned.every(([, ms]) => ms > 0));
  t.deepEqual(said, []);
});
