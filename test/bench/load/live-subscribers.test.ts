// The report of a load about deliveries, against a server with known mistakes.

import test from 'ava';
import { type LatencyCounts, Latencies } from '../../../bench/load/latencies.ts';
import type { LiveReport, OpenCommand } from '../../../bench/load/live-subscribers.ts';
import { monotonicMs } from '../../../bench/load/monotonic-clock.ts';
import type { LatencyPoint } from '../../../bench/scenario.ts';
import { loadProcess, webSocketServer } from './live-servers.ts';

const CONNECTIONS = 5;
const DELAY_MS = 40;
const ASKED_MAX = 1_000;

function opening(port: number, more: Partial<OpenCommand> = {}): OpenCommand {
  return {
    type: 'open',
    host: '127.0.0.1',
    port,
    connections: CONNECTIONS,
    paths: ['/'],
    hello: null,
    subscribedPrefix: null,
    heartbeat: null,
    network: 101,
    ...more,
  };
}

function pointsOf(snapshot: LatencyCounts): LatencyPoint[] {
  const latencies = new Latencies();
  latencies.merge(snapshot);
  return latencies.points();
}

function stock(version: number): string {
  return JSON.stringify({ type: 'drop.stock', version, data: {} });
}

test('missed frames and frames out of order are counted, the others are timed', async (t) => {
  const { server, port } = await webSocketServer(t);
  const ask = loadProcess(t, 'live-subscribers.ts');
  await ask(opening(port));
  t.is(server.clients.size, CONNECTIONS);
  const say = (text: string, to = [...server.clients]) => {
    for (const socket of to) socket.send(text);
  };
  say(stock(1));
  await ask({ type: 'measure' });
  const requestedAt: [number, number][] = [
    [2, monotonicMs() - DELAY_MS],
    [3, monotonicMs() - DELAY_MS],
    [4, monotonicMs() - DELAY_MS],
  ];
  say(JSON.stringify({ type: 'something else' }));
  say(stock(2), [...server.clients].slice(1));
  say(stock(4));
  say(stock(3), [...server.clients].slice(0, 1));
  say(stock(4), [...server.clients].slice(0, 1));
  const report = (await ask({ type: 'report', requestedAt })) as LiveReport;
  // Nobody knows which of the first two commands came first: version 1 may be in or not.
  t.true(report.frames >= 4 + 5 + 1 + 1);
  t.is(report.steppedBack, 1);
  t.true(report.missed >= 1 + 4);
  t.is(report.closed, 0);
  t.true(pointsOf(report.frame).every(([, ms]) => ms >= DELAY_MS - 1 && ms < 10_000));
});

test('an order is timed to the first frame with its version or a later one', async (t) => {
  const { server, port } = await webSocketServer(t);
  const ask = loadProcess(t, 'live-subscribers.ts');
  await ask(opening(port));
  await ask({ type: 'measure' });
  const now = monotonicMs();
  for (const socket of server.clients) socket.send(stock(9));
  const requestedAt: [number, number][] = [
    [7, now - 1_000],
    [8, now - 500],
    [9, now],
  ];
  const { frame, change } = (await ask({ type: 'report', requestedAt })) as LiveReport;
  const [ofFrame, ofChange] = [frame, change].map((snapshot) => pointsOf(snapshot).at(-1)![1]);
  t.true(ofFrame! < 500);
  t.true(ofChange! >= 1_000);
});

test('the snapshot confirms a subscription, and a text heartbeat is answered', async (t) => {
  const { server, port } = await webSocketServer(t);
  const said: string[] = [];
  const answered = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      socket.on('message', (message: Buffer) => {
        const text = message.toString();
        said.push(text);
        if (text === '40') socket.send('42["drop.snapshot",{"version":1}]');
        else if (text === '3') resolve();
        else socket.send('{"type":"unsubscribed"}');
      });
    });
  });
  const ask = loadProcess(t, 'live-subscribers.ts');
  const heartbeat = { ping: '2', pong: '3' };
  const subscribedPrefix = '42["drop.snapshot"';
  await ask(opening(port, { hello: '40', subscribedPrefix, heartbeat }));
  t.deepEqual(
    said,
    Array.from({ length: CONNECTIONS }, () => '40'),
  );
  for (const socket of server.clients) socket.send('2');
  await answered;
  await ask({ type: 'send', text: 'leave', answerPrefix: '{"type":"unsubscribed"' });
  t.is(said.filter((text) => text === 'leave').length, CONNECTIONS);
});

test('connections that the server closes are counted', async (t) => {
  const { server, port } = await webSocketServer(t);
  const ask = loadProcess(t, 'live-subscribers.ts');
  await ask(opening(port));
  const [first] = server.clients;
  for (const socket of server.clients) socket.send(stock(1));
  first!.close(4002);
  // The load hears of it when it comes to that socket, and may be asked before.
  let closed = 0;
  for (let tries = 0; closed === 0 && tries < ASKED_MAX; tries++) {
    const report = await ask({ type: 'report', requestedAt: [[1, monotonicMs()]] });
    closed = (report as LiveReport).closed;
  }
  t.is(closed, 1);
});
