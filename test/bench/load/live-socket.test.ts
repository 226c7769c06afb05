// The WebSocket client of the load, against servers with unusual but allowed behaviour.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { WebSocket } from 'ws';
import {
  begins,
  type LiveSocketSink,
  LoadSocket,
  sourceAddress,
} from '../../../bench/load/live-socket.ts';
import { webSocketServer } from './live-servers.ts';

/** What a socket told, and a wait for the next of it. */
class Told implements LiveSocketSink {
  readonly events: string[] = [];
  #next: (() => void) | null = null;

  upgraded(): void {
    this.#log('upgraded');
  }

  frame(_index: number, bytes: Buffer, from: number, to: number): void {
    this.#log(`frame ${bytes.toString('utf8', from, to)}`);
  }

  closed(_index: number, code: number): void {
    this.#log(`closed ${code}`);
  }

  async until(count: number): Promise<string[]> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => {
        this.#next = resolve;
      });
    }
    return this.events;
  }

  #log(event: string): void {
    this.events.push(event);
    this.#next?.();
  }
}

function connect(port: number): { socket: LoadSocket; told: Told } {
  const told = new Told();
  const localAddress = sourceAddress(1, 0);
  const options = { host: '127.0.0.1', port, localAddress, path: '/', index: 0, sink: told };
  return { socket: new LoadSocket(options), told };
}

/** A server that upgrades, and leaves every byte after that to the test. */
async function byteServer(t: ExecutionContext): Promise<{ port: number; peer: Promise<Socket> }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const peer = (async () => {
    const [socket] = (await once(server, 'connection')) as [Socket];
    t.teardown(() => socket.destroy());
    // It is cut off without a farewell.
    socket.on('error', () => undefined);
    await once(socket, 'data');
    return socket;
  })();
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, peer };
}

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n';

function frame(opcode: number, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const { length } = bytes;
  const head = length < 126 ? [length] : [126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), bytes]);
}

test('frames reach the sink whole, however TCP splits them', async (t) => {
  const { port, peer } = await byteServer(t);
  const { told } = connect(port);
  const long = 'x'.repeat(300);
  const bytes = Buffer.concat([Buffer.from(UPGRADED), frame(1, 'short'), frame(1, long)]);
  const socket = await peer;
  socket.setNoDelay();
  for (const byte of bytes) {
    await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    // What is on the loopback now is read in the next turn, before the byte that follows.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.deepEqual(await told.until(3), ['upgraded', 'frame short', `frame ${long}`]);
});

test('several frames in one read reach the sink one by one', async (t) => {
  const { port, peer } = await byteServer(t);
  const { told } = connect(port);
  (await peer).write(Buffer.concat([Buffer.from(UPGRADED), frame(1, 'a'), frame(1, 'b')]));
  t.deepEqual(await told.until(3), ['upgraded', 'frame a', 'frame b']);
});

test('a ping is answered and does not reach the sink', async (t) => {
  const { port, peer } = await byteServer(t);
  const { told } = connect(port);
  const socket = await peer;
  socket.write(Buffer.concat([Buffer.from(UPGRADED), frame(9, ''), frame(1, 'after')]));
  const [pong] = (await once(socket, 'data')) as [Buffer];
  t.is(pong[0], 0x8a);
  t.deepEqual(await told.until(2), ['upgraded', 'frame after']);
});

test('the sink gets the close code', async (t) => {
  const { port, peer } = await byteServer(t);
  const { told } = connect(port);
  (await peer).end(Buffer.concat([Buffer.from(UPGRADED), frame(8, Buffer.from([0x0f, 0xa2]))]));
  t.deepEqual(await told.until(2), ['upgraded', 'closed 4002']);
});

test('a refused upgrade is a close without a code', async (t) => {
  const { port, peer } = await byteServer(t);
  const { told } = connect(port);
  (await peer).write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');
  t.deepEqual(await told.until(1), ['closed 0']);
});

for (const length of [5, 125, 126, 5_000]) {
  test(`a text of ${length} bytes reaches the server unchanged`, async (t) => {
    const { server, port } = await webSocketServer(t);
    const { socket, told } = connect(port);
    const [peer] = (await once(server, 'connection')) as [WebSocket];
    await told.until(1);
    const text = 'é'.padEnd(length - 1, 'y');
    socket.send(text);
    const [message] = (await once(peer, 'message')) as [Buffer];
    t.is(message.toString(), text);
    t.is(message.length, length);
  });
}

test('a reset connection calls its sink no more and sends no close frame', async (t) => {
  const { server, port } = await webSocketServer(t);
  const { socket, told } = connect(port);
  const [peer] = (await once(server, 'connection')) as [WebSocket];
  peer.on('error', () => undefined);
  await told.until(1);
  const closed = once(peer, 'close') as Promise<[number]>;
  socket.reset();
  const [code] = await closed;
  t.is(code, 1006);
  t.deepEqual(told.events, ['upgraded']);
});

test('sockets use few ports of each of many source addresses', (t) => {
  const sockets = Array.from({ length: 130_000 }, (_, index) => sourceAddress(7, index));
  const perAddress = new Map<string, number>();
  for (const address of sockets) perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
  t.is(Math.max(...perAddress.values()), 500);
  t.is(sockets[0], '127.7.0.1');
  t.is(sockets.at(-1), '127.7.1.10');
});

test('a prefix is compared only within its frame', (t) => {
  const bytes = Buffer.from('..abcd');
  t.true(begins(bytes, 2, 6, Buffer.from('abc')));
  t.false(begins(bytes, 2, 4, Buffer.from('abc')));
  t.false(begins(bytes, 3, 6, Buffer.from('abc')));
});
