// The adapter between the server's WebSockets and the live stream. The live stream's own tests
// cover the protocol.

import test from 'ava';
import type { IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { SettableLimits } from './settable-limits.ts';
import { type Fixture, startFixture } from './fixture.ts';

function open(fixture: Fixture, path: string, headers: Record<string, string> = {}) {
  return new WebSocket(`ws://127.0.0.1:${fixture.port}${path}`, { headers });
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
}

/** The status and the problem's code of a refused upgrade. */
async function refusedWith(socket: WebSocket): Promise<[number, string]> {
  const { status, code } = await refusal(socket);
  return [status, code];
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly headers: IncomingHttpHeaders;
}

async function refusal(socket: WebSocket): Promise<Refusal> {
  return await new Promise((resolve, reject) => {
    socket.on('error', () => undefined);
    socket.once('open', () => reject(new Error('was admitted')));
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (data) => (text += String(data)));
      response.on('end', () => {
        const { code } = JSON.parse(text) as { code: string };
        resolve({ status: response.statusCode ?? 0, code, headers: response.headers });
      });
    });
  });
}

async function closeCode(socket: WebSocket): Promise<number> {
  return await new Promise((resolve) => socket.once('close', (code) => resolve(code)));
}

test('N1: an upgrade takes its token from the header or from the query', async (t) => {
  const fixture = await startFixture(t);
  const first = open(fixture, '/v1/notifications', { authorization: 'Bearer valid.ann' });
  await opened(first);
  const second = open(fixture, '/v1/notifications?access_token=valid.bob');
  await opened(second);
  t.deepEqual(fixture.live.events, [
    ['opened', 'ann', null],
    ['opened', 'bob', null],
  ]);
  first.terminate();
  second.terminate();
});

/** The answer's Sec-WebSocket-Protocol and the user it admitted; null where none was selected. */
async function offering(
  fixture: Fixture,
  protocols: string,
  path = '/v1/notifications',
): Promise<[string | null, string | null]> {
  const socket = connect({ port: fixture.port, host: '127.0.0.1' });
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      `sec-websocket-protocol: ${protocols}\r\n\r\n`,
  );
  const head = await new Promise<string>((resolve) =>
    socket.once('data', (data) => resolve(String(data))),
  );
  socket.destroy();
  if (!head.startsWith('HTTP/1.1 101')) return [head.slice(9, 12), null];
  const selected = /^sec-websocket-protocol: (.*)\r$/im.exec(head)?.[1] ?? null;
  return [selected, (fixture.live.events.at(-1)?.[1] as string | null) ?? null];
}

test('N9a: both streams take a token as a subprotocol, and select livedrops.v1', async (t) => {
  const fixture = await startFixture(t);
  const drop = '/v1/drops/drp_1/live';
  const selected = 'livedrops.v1';
  for (const [protocols, path, answer] of [
    ['livedrops.v1, bearer.valid.ann', undefined, [selected, 'ann']],
    ['bearer.valid.ann,livedrops.v1', undefined, [selected, 'ann']],
    ['graphql-ws, livedrops.v1, bearer.valid.bob', drop, [selected, 'bob']],
    ['livedrops.v1', `/v1/notifications?access_token=valid.eve`, [selected, 'eve']],
    ['livedrops.v1', drop, [selected, null]],
    ['graphql-ws', drop, [null, null]],
  ] as const) {
    t.deepEqual(await offering(fixture, protocols, path), [...answer], protocols);
  }
  const browser = new WebSocket(`ws://127.0.0.1:${fixture.port}/v1/notifications`, [
    'livedrops.v1',
    'bearer.valid.zoe',
  ]);
  await opened(browser);
  t.is(browser.protocol, 'livedrops.v1');
  browser.terminate();
});

test('N9a: a header counts before a subprotocol, and that before the query', async (t) => {
  const fixture = await startFixture(t);
  const address = `ws://127.0.0.1:${fixture.port}/v1/notifications?access_token=valid.eve`;
  const headers = { authorization: 'Bearer valid.ann' };
  const protocols = ['livedrops.v1', 'bearer.valid.bob'];
  for (const [options, user] of [
    [{ headers }, 'ann'],
    [{}, 'bob'],
  ] as const) {
    const socket = new WebSocket(address, protocols, options);
    await opened(socket);
    t.is(fixture.live.events.at(-1)?.[1], user);
    socket.terminate();
  }
});

test('N9a: wrong offers of subprotocols are refused, and open nothing', async (t) => {
  const fixture = await startFixture(t);
  const many = Array.from({ length: 16 }, (_, i) => `p${i}`).join(',');
  for (const [protocols, status] of [
    ['bearer.valid.ann', '400'],
    ['bearer.valid.ann, livedrops.v2', '400'],
    ['livedrops.v1, bearer.valid.ann, bearer.valid.bob', '400'],
    [`livedrops.v1,${many}`, '400'],
    ['livedrops.v1, bearer.forged', '401'],
    ['livedrops.v1, bearer.', '401'],
    ['livedrops.v1, Bearer.valid.ann', '401'],
    [`livedrops.v1, bearer.${'x'.repeat(4_097)}`, '401'],
    ['livedrops.v1', '401'],
  ] as const) {
    t.deepEqual(await offering(fixture, protocols), [status, null], protocols.slice(0, 80));
  }
  t.deepEqual(fixture.live.events, []);
});

test('N9a: a token may have 4 KiB in each of the three places', async (t) => {
  const fixture = await startFixture(t);
  const token = 'valid.ann+'.padEnd(4_096, 'a');
  const header = open(fixture, '/v1/notifications', { authorization: `Bearer ${token}` });
  await opened(header);
  const query = open(fixture, `/v1/notifications?access_token=${encodeURIComponent(token)}`);
  await opened(query);
  t.deepEqual(await offering(fixture, `livedrops.v1, bearer.${token}`), ['livedrops.v1', 'ann']);
  const longer = open(fixture, `/v1/notifications?access_token=${encodeURIComponent(token)}a`);
  t.deepEqual(await refusedWith(longer), [401, 'unauthenticated']);
  header.terminate();
  query.terminate();
});

test('N1: an upgrade without a valid token is 401', async (t) => {
  const fixture = await startFixture(t);
  for (const path of [
    '/v1/notifications',
    '/v1/notifications?access_token=no',
    '/v1/drops/drp_1/live?access_token=no',
  ]) {
    t.deepEqual(await refusedWith(open(fixture, path)), [401, 'unauthenticated'], path);
  }
  t.deepEqual(fixture.live.events, []);
});

test('N6: a visitor needs no account for one drop, and may have one', async (t) => {
  const fixture = await startFixture(t);
  const visitor = open(fixture, '/v1/drops/drp_1/live');
  await opened(visitor);
  const user = open(fixture, '/v1/drops/drp_1/live', { authorization: 'Bearer valid.ann' });
  await opened(user);
  t.deepEqual(fixture.live.events, [
    ['opened', null, 'drp_1'],
    ['opened', 'ann', 'drp_1'],
  ]);
  t.deepEqual(await refusedWith(open(fixture, '/v1/drops/a%20b/live')), [404, 'not-found']);
  visitor.terminate();
  user.terminate();
});

test('H8: the streams’ addresses without an upgrade are 426 and the feed', async (t) => {
  const fixture = await startFixture(t);
  const plain = await fixture.request('GET', '/v1/drops/drp_1/live');
  t.deepEqual([plain.status, plain.json['code']], [426, 'upgrade-required']);
  t.is(plain.headers.get('upgrade'), 'websocket');
  t.is((await fixture.request('GET', '/v1/notifications')).status, 401);
});

test('N6: text goes both ways, binary arrives as null, and topics fan out', async (t) => {
  const fixture = await startFixture(t);
  const socket = open(fixture, '/v1/drops/drp_1/live');
  await opened(socket);
  socket.send('héllo');
  socket.send(Buffer.from([1, 2]), { binary: true });
  await fixture.live.waitFor('received');
  const { live } = fixture;
  while (live.events.length < 3) await new Promise(setImmediate);
  t.deepEqual(live.events.slice(1), [
    ['received', 'héllo'],
    ['received', null],
  ]);
  const messages: string[] = [];
  const two = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      messages.push((data as Buffer).toString());
      if (messages.length === 2) resolve();
    });
  });
  live.sockets[0]!.subscribe('topic');
  live.publish('topic', 'to all');
  live.publish('other', 'to none');
  t.is(live.sockets[0]!.send('to one'), 'sent');
  await two;
  t.deepEqual(messages, ['to all', 'to one']);
  socket.close();
  await live.waitFor('closed');
  // After the end, all calls are harmless.
  const closed = live.sockets[0]!;
  closed.subscribe('topic');
  closed.unsubscribe('topic');
  closed.end(1000, '');
  t.is(closed.send('late'), 'dropped');
  t.is(closed.bufferedBytes(), 0);
});

test('H8: a frame past 16 KiB and a broken one end the connection, not the server', async (t) => {
  const fixture = await startFixture(t);
  const large = open(fixture, '/v1/drops/drp_1/live');
  large.on('error', () => undefined);
  await opened(large);
  large.send('x'.repeat(16 * 1024 + 1));
  await closeCode(large);
  const raw = await upgradedRaw(fixture.port);
  raw.write(Buffer.from([0xff, 0xff, 0x13, 0x37, 0, 0, 0, 0, 1, 2, 3]));
  await new Promise((resolve) => raw.once('close', resolve));
  const wrongText = await upgradedRaw(fixture.port);
  wrongText.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]));
  await new Promise((resolve) => wrongText.once('close', resolve));
  t.false(fixture.live.events.some(([name]) => name === 'received'));
  t.is((await fixture.request('GET', '/healthz')).status, 200);
});

async function upgradedRaw(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write(
    'GET /v1/drops/drp_1/live HTTP/1.1\r\nhost: x\r\n' +
      'upgrade: websocket\r\nconnection: upgrade\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.resume();
  return socket;
}

test('H2: a defect in the live stream ends that connection with 1011 and is logged', async (t) => {
  const fixture = await startFixture(t);
  const socket = open(fixture, '/v1/drops/drp_1/live');
  await opened(socket);
  socket.send('throw');
  t.is(await closeCode(socket), 1011);
  t.true(
    fixture.logged.some(({ level, msg }) => level === 50 && msg === 'the gateway met a defect'),
  );
});

test('N8: past the buffer limit frames are dropped; drops and new room are reported', async (t) => {
  const fixture = await startFixture(t);
  const raw = await upgradedRaw(fixture.port);
  raw.pause();
  const { live } = fixture;
  const socket = live.sockets[0]!;
  socket.subscribe('topic');
  const frame = 'x'.repeat(64 * 1024);
  let result = socket.send(frame);
  for (let i = 0; i < 1_000 && result !== 'dropped'; i++) result = socket.send(frame);
  t.is(result, 'dropped');
  t.true(socket.bufferedBytes() > 0);
  const reported = missedFrames(fixture);
  live.publish('topic', 'news');
  while (missedFrames(fixture) === reported) await new Promise(setImmediate);
  raw.resume();
  await live.waitFor('drained');
  raw.destroy();
  await live.waitFor('closed');
  t.pass();
});

// A `send` first sends the frames that were published to the same socket in this turn. Some of them
// may not fit into the buffer, although the sent frame is not dropped.
test('N8: a published frame that is dropped during a send is reported', async (t) => {
  const fixture = await startFixture(t);
  const raw = await upgradedRaw(fixture.port);
  raw.pause();
  const { live } = fixture;
  const socket = live.sockets[0]!;
  socket.subscribe('topic');
  const large = 'x'.repeat(64 * 1024);
  // The system's own buffers may make room for a while yet.
  for (let turns = 0; turns < TURNS_WITHOUT_ROOM; turns++) {
    if (socket.bufferedBytes() === 0) {
      socket.send(large);
      turns = 0;
    }
    await new Promise(setImmediate);
  }
  t.is(missedFrames(fixture), 0);
  const small = 'y'.repeat(12 * 1024);
  for (let i = 0; i < PUBLISHED_PAST_LIMIT; i++) live.publish('topic', small);
  t.is(missedFrames(fixture), 0, 'published frames leave at the end of the turn');
  t.is(socket.send('answer'), 'buffered');
  t.true(missedFrames(fixture) > 0);
  raw.destroy();
  await live.waitFor('closed');
});

test('N8: a slow client gets the close code once it has read the frames before it', async (t) => {
  const fixture = await startFixture(t);
  const raw = await upgradedRaw(fixture.port);
  raw.pause();
  const { live } = fixture;
  const socket = live.sockets[0]!;
  socket.subscribe('topic');
  const frame = 'x'.repeat(64 * 1024);
  while (socket.send(frame) !== 'dropped');
  socket.end(4002, 'too slow');
  socket.end(4400, 'again');
  live.publish('topic', 'news that come too late');
  let tail = Buffer.alloc(0);
  raw.on('data', (data) => {
    tail = Buffer.concat([tail, data]).subarray(-64);
  });
  raw.resume();
  await live.waitFor('closed');
  while (!raw.readableEnded) await new Promise(setImmediate);
  const closeFrame = Buffer.from([0x88, 10, 4002 >> 8, 4002 & 0xff, ...Buffer.from('too slow')]);
  t.deepEqual(tail.subarray(-closeFrame.length), closeFrame);
  t.is(tail.at(-closeFrame.length - 1), 'x'.charCodeAt(0));
});

/** Frames of 12 KiB: more than the buffer of 256 KiB holds, fewer than would be flushed at once. */
const PUBLISHED_PAST_LIMIT = 28;
/** Turns of the event loop. */
const TURNS_WITHOUT_ROOM = 100;

function missedFrames(fixture: Fixture): number {
  return fixture.live.events.filter(([name]) => name === 'missedFrame').length;
}

test('N8: streams are bounded in all and by address, and a closed one makes room', async (t) => {
  const limits = new SettableLimits({ streams: { total: 3, address: 2 } });
  const fixture = await startFixture(t, { rateLimits: true, limits, trustProxy: true });
  const from = (address: string) =>
    open(fixture, '/v1/drops/drp_1/live', { 'x-forwarded-for': address });
  const first = from('10.0.0.1');
  await opened(first);
  const second = from('10.0.0.1');
  await opened(second);
  t.deepEqual(await refusedWith(from('10.0.0.1')), [429, 'rate-limited']);
  const third = from('10.0.0.2');
  await opened(third);
  t.deepEqual(await refusedWith(from('10.0.0.3')), [503, 'overloaded']);
  first.close();
  await fixture.live.waitFor('closed');
  const fourth = from('10.0.0.1');
  await opened(fourth);
  for (const socket of [second, third, fourth]) socket.terminate();
});

test('H5: opening streams counts as reading, by user and by address', async (t) => {
  const limits = new SettableLimits({ rates: { reads: { user: 2, address: 6 } } });
  const fixture = await startFixture(t, { rateLimits: true, limits });
  const admitted: WebSocket[] = [];
  const admit = async (path: string): Promise<void> => {
    const socket = open(fixture, path);
    await opened(socket);
    admitted.push(socket);
  };
  await admit('/v1/notifications?access_token=valid.ann');
  const limited = await refusal(open(fixture, '/v1/notifications?access_token=valid.ann'));
  t.deepEqual([limited.status, limited.code], [429, 'rate-limited']);
  t.is(limited.headers['retry-after'], '10');
  t.is(limited.headers['ratelimit-policy'], '"reads-user";q=2;w=10');
  t.is(limited.headers['ratelimit'], '"reads-user";r=0;t=10');
  t.is((await fixture.request('GET', '/v1/orders', { as: 'ann' })).status, 429);

  await admit('/v1/drops/drp_1/live');
  await admit('/v1/drops/drp_1/live?access_token=valid.bob');
  const visitor = await refusal(open(fixture, '/v1/drops/drp_1/live'));
  t.is(visitor.headers['ratelimit-policy'], '"reads-address";q=6;w=10');
  fixture.time += 10_000;
  await admit('/v1/notifications?access_token=valid.ann');
  for (const socket of admitted) socket.terminate();
});

test('W4: stopping ends the streams with a retryable code', async (t) => {
  const fixture = await startFixture(t);
  const socket = open(fixture, '/v1/drops/drp_1/live');
  await opened(socket);
  const code = closeCode(socket);
  await fixture.gateway.stop();
  t.is(await code, 1012);
});
