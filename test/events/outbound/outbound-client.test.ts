// The client for addresses that others give, against real servers on loopback.

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { AddressRule } from '../../../events/outbound/address-rule.ts';
import { type Network, parseNetwork } from '../../../events/outbound/network.ts';
import {
  OutboundClient,
  type OutboundClientOptions,
  type OutboundCall,
} from '../../../events/outbound/outbound-client.ts';
import {
  LOOPBACK_CERTIFICATE,
  LOOPBACK_KEY,
} from '../../servers/certificates/loopback-certificate.ts';

const TIMEOUT_MS = 20_000;
const BYTES_MAX = 1_024;

function ruleOf(...texts: string[]): AddressRule {
  return new AddressRule(texts.map((text) => parseNetwork(text) as Network));
}

const ON_LOOPBACK = ruleOf('127.0.0.0/8', '::1/128');

function client(
  t: ExecutionContext,
  options: Partial<OutboundClientOptions> = {},
): (url: string, call?: Partial<OutboundCall>) => ReturnType<OutboundClient['call']> {
  const made = new OutboundClient({
    rule: ON_LOOPBACK,
    authorities: LOOPBACK_CERTIFICATE,
    connectTimeoutMs: TIMEOUT_MS,
    ...options,
  });
  t.teardown(() => made.close());
  return (url, call = {}) =>
    made.call({ url, method: 'GET', timeoutMs: TIMEOUT_MS, bodyBytesMax: BYTES_MAX, ...call });
}

async function listen(t: ExecutionContext, server: Server | ReturnType<typeof createTcpServer>) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.size };
}

function serve(t: ExecutionContext, listener: RequestListener) {
  return listen(t, createServer(listener));
}

test('R1: a call has its reply: status, headers and body', async (t) => {
  const { port } = await serve(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(201, { 'x-method': request.method!, 'x-path': request.url! });
      response.end(
        `${request.headersDistinct['x-one']?.join() ?? ''} ${Buffer.concat(chunks).toString()}`,
      );
    });
  });
  const reply = await client(t)(`http://127.0.0.1:${port}/a?b=c`, {
    method: 'POST',
    headers: { 'x-one': 'one' },
    body: 'sent',
  });
  if (!reply.ok) return t.fail(reply.detail);
  t.is(reply.status, 201);
  t.like(reply.headers, { 'x-method': 'POST', 'x-path': '/a?b=c' });
  t.is(reply.body.toString(), 'one sent');
  t.true(reply.isWhole);
});

test('R1: an encrypted call checks the certificate, against the name of the URL', async (t) => {
  const server = createTlsServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, (_, response) =>
    response.end('encrypted'),
  );
  const { port } = await listen(t, server);
  const resolve = () => Promise.resolve(['127.0.0.1']);
  const call = client(t, { resolve });
  const reply = await call(`https://fine.push.test:${port}/`);
  t.is(reply.ok && reply.body.toString(), 'encrypted');
  t.like(await call(`https://other.test:${port}/`), { ok: false, failure: 'tls' });
  const stranger = client(t, { resolve, authorities: undefined });
  t.like(await stranger(`https://fine.push.test:${port}/`), { ok: false, failure: 'tls' });
  const plain = await serve(t, (_, response) => response.end());
  t.like(await call(`https://fine.push.test:${plain.port}/`), { ok: false, failure: 'tls' });
});

test('R1: nothing is connected to in networks that are not public', async (t) => {
  const { port, connections } = await serve(t, (_, response) => response.end());
  const call = client(t, { rule: ruleOf() });
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost', '2130706433'])
    for (const scheme of ['http', 'https'])
      t.like(await call(`${scheme}://${host}:${port}/`), { failure: 'refused-address' }, host);
  for (const addresses of [['10.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['2606:4700::1', 'fe80::1'], []])
    t.like(
      await client(t, { rule: ruleOf(), resolve: () => Promise.resolve(addresses) })(
        `https://shop.example:${port}/`,
      ),
      { failure: 'refused-address' },
    );
  t.is(connections(), 0);
});

test('R1: http is for allowed networks only', async (t) => {
  const resolve = () => Promise.resolve(['8.8.8.8']);
  t.like(await client(t, { resolve })('http://shop.example/'), { failure: 'refused-url' });
});

test('R1: a name is resolved once for a connection, which goes to what was judged', async (t) => {
  const { port } = await serve(t, (_, response) => response.end('here'));
  let asked = 0;
  // Rebinding: the second answer would lead elsewhere.
  const resolve = () => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '10.0.0.1']);
  const call = client(t, { resolve });
  const reply = await call(`http://shop.example:${port}/`);
  t.is(reply.ok && reply.body.toString(), 'here');
  t.is(asked, 1);
});

test('R1: each new connection is judged again', async (t) => {
  const { port } = await serve(t, (_, response) =>
    response.writeHead(200, { connection: 'close' }).end(),
  );
  let address = '127.0.0.1';
  const call = client(t, { resolve: () => Promise.resolve([address]) });
  t.true((await call(`http://shop.example:${port}/`)).ok);
  address = '10.0.0.1';
  t.like(await call(`http://shop.example:${port}/`), { failure: 'refused-address' });
});

test('R1: URLs with users, other schemes or ports of other protocols are refused', async (t) => {
  const call = client(t);
  for (const url of [
    'https://ann@shop.example/',
    'https://ann:b@shop.example/',
    'https://shop.example:25/',
    'https://shop.example:465/',
    'http://127.0.0.1:22/',
    'ftp://shop.example/',
    'file:///etc/passwd',
    'https://shop.example./',
    `https://shop.example/${'a'.repeat(2_048)}`,
    'shop.example',
    '',
  ])
    t.like(await call(url), { ok: false, failure: 'refused-url' }, url);
});

test('R1: a redirect is not followed', async (t) => {
  let calls = 0;
  const { port } = await serve(t, (_, response) => {
    calls += 1;
    response.writeHead(302, { location: '/else' }).end();
  });
  t.like(await client(t)(`http://127.0.0.1:${port}/`), { ok: true, status: 302 });
  t.is(calls, 1);
});

test('R1: no more of a body is read than asked for', async (t) => {
  const { port } = await serve(t, (_, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(4_096, 'x')));
    };
    response.on('drain', more);
    more();
  });
  const reply = await client(t)(`http://127.0.0.1:${port}/`);
  if (!reply.ok) return t.fail(reply.detail);
  t.is(reply.body.toString(), 'x'.repeat(BYTES_MAX));
  t.false(reply.isWhole);
});

test('R1: headers are bounded', async (t) => {
  const { port } = await serve(t, (_, response) => {
    response.writeHead(200, { 'x-long': 'x'.repeat(32 * 1_024) }).end();
  });
  t.like(await client(t)(`http://127.0.0.1:${port}/`), { failure: 'too-large' });
});

test('R1: one that hangs, before or within its reply, is a timeout', async (t) => {
  const hangs = await serve(t, () => {});
  const stalls = await serve(t, (_, response) => void response.write('x'));
  const silent = await listen(t, createTcpServer());
  const call = client(t, { connectTimeoutMs: 300 });
  for (const { port } of [hangs, stalls])
    t.like(await call(`http://127.0.0.1:${port}/`, { timeoutMs: 300 }), { failure: 'timeout' });
  t.like(await call(`https://127.0.0.1:${silent.port}/`), { failure: 'timeout' });
  const slowDns = client(t, {
    connectTimeoutMs: 300,
    resolve: (_, signal) =>
      new Promise((_done, reject) => signal.addEventListener('abort', () => reject(new Error()))),
  });
  t.like(await slowDns('https://shop.example/'), { failure: 'timeout' });
});

test('R1: each other way to bring no reply has its own reason', async (t) => {
  const gone = await listen(t, createTcpServer());
  const closing = await listen(
    t,
    createTcpServer((socket) => socket.destroy()),
  );
  const other = await listen(
    t,
    createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n\r\n')),
  );
  const call = client(t);
  t.like(await call(`http://127.0.0.1:${closing.port}/`), { failure: 'closed' });
  t.like(await call(`http://127.0.0.1:${other.port}/`), { failure: 'protocol' });
  const nameless = client(t, { resolve: () => Promise.reject(new Error('ENOTFOUND')) });
  t.like(await nameless('https://shop.example/'), { failure: 'dns' });
  const nobody = createTcpServer();
  nobody.listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as AddressInfo;
  await new Promise((done) => nobody.close(done));
  t.like(await call(`http://127.0.0.1:${port}/`), { failure: 'connect' });
  const aborted = AbortSignal.timeout(100);
  t.like(await call(`http://127.0.0.1:${gone.port}/`, { signal: aborted }), {
    failure: 'aborted',
  });
});

test('R1: calls under way are bounded, and end when the client is closed', async (t) => {
  const { port } = await serve(t, () => {});
  const made = new OutboundClient({ rule: ON_LOOPBACK, callsMax: 2 });
  const call = () =>
    made.call({
      url: `http://127.0.0.1:${port}/`,
      method: 'GET',
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: BYTES_MAX,
    });
  const hanging = [call(), call()];
  t.like(await call(), { failure: 'busy' });
  await made.close();
  for (const one of await Promise.all(hanging)) t.like(one, { failure: 'aborted' });
  t.is(made.calls, 0);
});
