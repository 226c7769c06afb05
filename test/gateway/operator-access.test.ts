// Who sees metrics, reasons of readiness and operators' routes, and where (X4), over real HTTP.

import { request as httpRequest } from 'node:http';
import { networkInterfaces } from 'node:os';
import test from 'ava';
import { newKeyText } from '../../app/api-key-text.ts';
import { success } from '../../domain/refusal.ts';
import { type Fixture, requestOnce, startFixture } from './fixture.ts';

const REASONS = ['shard 3 is not served'];
const PROXIES: Readonly<Record<string, string>>[] = [
  { forwarded: 'for=192.0.2.60' },
  { 'x-forwarded-for': '192.0.2.60' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'x-forwarded-host': 'shop.example' },
  { 'x-forwarded-proto': 'https' },
  { 'x-real-ip': '192.0.2.60' },
  { 'cf-connecting-ip': '192.0.2.60' },
  { 'true-client-ip': '192.0.2.60' },
  { via: '1.1 proxy' },
  { via: '' },
];
const VIA = { via: '1.1 proxy' };

/** An address of this machine that is not the loopback, from which it then calls itself. */
const other = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

function notReady(fixture: Fixture): void {
  fixture.readiness = { ready: false, reasons: REASONS };
}

test('X4: who is on the machine itself sees metrics and reasons, and nobody behind a proxy', async (t) => {
  const fixture = await startFixture(t);
  notReady(fixture);
  t.is((await fixture.request('GET', '/metrics')).status, 200);
  t.deepEqual((await fixture.request('GET', '/readyz')).json, { ready: false, reasons: REASONS });
  for (const headers of PROXIES) {
    const metrics = await fixture.request('GET', '/metrics', { headers });
    t.is(metrics.status, 401, JSON.stringify(headers));
    t.is(metrics.headers.get('www-authenticate'), 'Bearer');
    t.false(metrics.text.includes('livedrops_'));
    const ready = await fixture.request('GET', '/readyz', { headers });
    t.is(ready.status, 503);
    t.deepEqual(ready.json, { ready: false });
  }
});

test('X4: a page whose name leads to the loopback is not on the machine', async (t) => {
  const { port } = await startFixture(t);
  const statusAs = (host: string) =>
    new Promise<number>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        path: '/metrics',
        headers: { host },
        agent: false,
      };
      const sent = httpRequest(options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.end();
    });
  for (const host of [
    '127.0.0.1',
    `127.0.0.1:${port}`,
    'localhost:9090',
    '[::1]:80',
    'a.localhost',
  ])
    t.is(await statusAs(host), 200, host);
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:80',
    'x@::1',
  ])
    t.is(await statusAs(host), 401, host);
});

test('X4: a trusted proxy’s client is not on the machine, whatever it says', async (t) => {
  const fixture = await startFixture(t, { trustProxy: true });
  const headers = { 'x-forwarded-for': '127.0.0.1' };
  t.is((await fixture.request('GET', '/metrics', { headers })).status, 401);
  t.is((await fixture.request('GET', '/metrics')).status, 200);
});

test('X4: operators and auditors see them from anywhere, others are refused', async (t) => {
  const fixture = await startFixture(t);
  notReady(fixture);
  const statusAs = async (as: string) =>
    (await fixture.request('GET', '/metrics', { as, headers: VIA })).status;
  t.is(await statusAs('boss+operator'), 200);
  t.is(await statusAs('eye+auditor'), 200);
  t.is(await statusAs('cleo+creator'), 403);
  t.is(await statusAs('ann'), 403);
  const bad = { ...VIA, authorization: 'Bearer nothing.valid' };
  t.is((await fixture.request('GET', '/metrics', { headers: bad })).status, 401);
  const reasonsAs = async (as: string) =>
    (await fixture.request('GET', '/readyz', { as, headers: VIA })).json;
  t.deepEqual(await reasonsAs('boss+operator'), { ready: false, reasons: REASONS });
  t.deepEqual(await reasonsAs('ann'), { ready: false });
});

test('X4: an API key sees them with the scope, and with no other', async (t) => {
  const fixture = await startFixture(t);
  const key = newKeyText((count) => new Uint8Array(count));
  let scopes: string[] = [];
  fixture.actions['keys.resolve'] = () =>
    success({ keyId: 'ak_1', ownerId: 'boss', scopes, endsAt: null });
  const status = async () => {
    fixture.time += 2_000;
    const headers = { ...VIA, authorization: `Bearer ${key}` };
    return (await fixture.request('GET', '/metrics', { headers })).status;
  };
  scopes = ['orders:read', 'catalogue:write'];
  t.is(await status(), 403);
  scopes = ['metrics:read'];
  t.is(await status(), 200);
  const nodes = await fixture.request('GET', '/v1/operator/nodes', {
    headers: { authorization: `Bearer ${key}` },
  });
  t.is(nodes.status, 403, 'and does nothing else that operators do');
});

const otherTest = other === undefined ? test.skip : test;

otherTest('X4: who calls from another address of a network is a stranger', async (t) => {
  const fixture = await startFixture(t, { host: '0.0.0.0' });
  notReady(fixture);
  const get = (path: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const options = { host: other, port: fixture.port, path, localAddress: other, agent: false };
      const sent = httpRequest(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.on('error', reject);
      sent.end();
    });
  t.is((await get('/metrics')).status, 401);
  const ready = await get('/readyz');
  t.is(ready.status, 503);
  t.deepEqual(JSON.parse(ready.text), { ready: false });
  t.is((await fixture.request('GET', '/metrics')).status, 200, 'and who is here is not');
});

test('X4: with an address of their own, internal routes are there and nowhere else', async (t) => {
  const fixture = await startFixture(t, { operatorAddress: { host: '127.0.0.1', port: 0 } });
  notReady(fixture);
  fixture.actions['operator.listNodes'] = () => success([]);
  const inside = fixture.gateway.operatorPort()!;
  t.not(inside, fixture.port);
  const as = 'boss+operator';
  for (const [method, path] of [
    ['GET', '/metrics'],
    ['GET', '/v1/operator/nodes'],
    ['POST', '/v1/operator/nodes'],
    ['POST', '/v1/operator/rebalance'],
  ] as const) {
    const outside = await fixture.request(method, path, { as });
    t.is(outside.status, 404, `${method} ${path}`);
    t.is(outside.json['code'], 'not-found');
  }
  t.deepEqual((await fixture.request('GET', '/readyz', { as })).json, { ready: false });
  t.is((await fixture.request('GET', '/v1/drops/drp_9')).status, 404);

  t.is((await requestOnce(inside, 'GET', '/metrics', { headers: VIA })).status, 200);
  const ready = await requestOnce(inside, 'GET', '/readyz', { headers: VIA });
  t.deepEqual(ready.json, { ready: false, reasons: REASONS });
  t.is((await requestOnce(inside, 'GET', '/v1/operator/nodes')).status, 401);
  t.is((await requestOnce(inside, 'GET', '/v1/operator/nodes', { as })).status, 200);
  t.is((await requestOnce(inside, 'POST', '/v1/operator/nodes', { as })).status, 405);
});

test('X4: orders and live streams are not at the operators’ address', async (t) => {
  const fixture = await startFixture(t, { operatorAddress: { host: '127.0.0.1', port: 0 } });
  const inside = fixture.gateway.operatorPort()!;
  const order = await requestOnce(inside, 'POST', '/v1/drops/drp_1/orders', {
    as: 'b',
    headers: { 'idempotency-key': 'k' },
    body: { quantity: 1 },
  });
  t.is(order.status, 404);
  t.is(fixture.router.ofType('place-order').length, 0);
  const stream = await requestOnce(inside, 'GET', '/v1/notifications', {
    as: 'b',
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
      'sec-websocket-version': '13',
    },
  });
  t.not(stream.status, 101);
  t.is(fixture.live.sockets.length, 0);
});

test('X4: every route of operators is internal, and no other but the metrics', async (t) => {
  const fixture = await startFixture(t, { operatorAddress: { host: '127.0.0.1', port: 0 } });
  const { paths } = (await fixture.request('GET', '/openapi.json')).json as {
    paths: Record<string, Record<string, { servers?: unknown }>>;
  };
  let internal = 0;
  for (const [path, operations] of Object.entries(paths))
    for (const [method, { servers }] of Object.entries(operations)) {
      const isInternal = path === '/metrics' || path.startsWith('/v1/operator/');
      t.is(servers !== undefined, isInternal, `${method} ${path}`);
      if (!isInternal) continue;
      internal += 1;
      const asked = path.replaceAll(/\{\w+\}/g, 'x_1');
      const { status } = await fixture.request(method.toUpperCase(), asked, {
        as: 'boss+operator',
      });
      t.is(status, 404, `${method} ${path}`);
    }
  t.true(internal > 40, String(internal));
});

test('H9: OpenAPI says where internal routes are', async (t) => {
  const one = await startFixture(t);
  const two = await startFixture(t, { operatorAddress: { host: '127.0.0.1', port: 0 } });
  const serversOf = async ({ port }: { port: number }, path: string) => {
    const { paths } = (await requestOnce(port, 'GET', '/openapi.json')).json as {
      paths: Record<string, Record<string, { servers?: { url: string }[] }>>;
    };
    return paths[path]?.['get']?.servers?.map(({ url }) => url);
  };
  t.is(await serversOf(one, '/metrics'), undefined);
  const inside = two.gateway.operatorPort()!;
  t.deepEqual(await serversOf(two, '/metrics'), [`http://{host}:${inside}`]);
  t.deepEqual(await serversOf(two, '/v1/operator/nodes'), [`http://{host}:${inside}`]);
  t.is(await serversOf(two, '/readyz'), undefined);
});

test('X4: an operators’ address that is taken rejects the start', async (t) => {
  const taken = await startFixture(t);
  await t.throwsAsync(
    startFixture(t, { operatorAddress: { host: '127.0.0.1', port: taken.port } }),
    { message: /is the port taken/ },
  );
});
