// What all requests have in common: traces, problems, faults, health, metrics, OpenAPI and
// stopping.

import test from 'ava';
import { connect } from 'node:net';
import { success } from '../../domain/refusal.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { drop, exchangeRaw, order, requestOnce, startFixture } from './fixture.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

test('H4: a trace gets a new span, is passed to services, logged and returned', async (t) => {
  const fixture = await startFixture(t);
  const headers = { traceparent: PARENT, 'x-request-id': 'my-id' };
  const reply = await fixture.request('GET', '/v1/products/p', { headers });
  const returned = reply.headers.get('traceparent')!;
  t.regex(returned, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  t.not(returned, PARENT);
  t.is(reply.headers.get('x-request-id'), 'my-id');
  t.is(fixture.calls[0]?.traceparent, returned);
  t.like(fixture.logged.at(-1), {
    traceparent: returned,
    requestId: 'my-id',
    route: '/v1/products/{id}',
  });
});

test('H4: the order path returns a trace as well', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: false });
  const headers = { traceparent: PARENT, 'x-request-id': 'my-id', 'idempotency-key': 'k' };
  const reply = await fixture.request('POST', '/v1/drops/drp_1/orders', {
    as: 'b',
    headers,
    body: { quantity: 1 },
  });
  t.regex(reply.headers.get('traceparent')!, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  t.is(reply.headers.get('x-request-id'), 'my-id');
});

test('H4: a broken trace or request id is replaced, and each request has its own', async (t) => {
  const fixture = await startFixture(t);
  const seen = new Set<string>();
  const broken = [
    '',
    'x',
    PARENT.toUpperCase(),
    `01${PARENT.slice(2)}`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  ];
  for (const traceparent of broken) {
    const headers = { traceparent, 'x-request-id': 'has space' };
    const reply = await fixture.request('GET', '/healthz', { headers });
    const returned = reply.headers.get('traceparent')!;
    t.regex(returned, TRACEPARENT);
    t.false(returned.includes(TRACE));
    t.regex(reply.headers.get('x-request-id')!, /^[0-9a-f]{16}$/);
    seen.add(returned);
  }
  t.is(seen.size, broken.length);
});

test('H8: unknown routes are 404, wrong methods 405 with Allow', async (t) => {
  const fixture = await startFixture(t);
  for (const path of [
    '/',
    '/v1',
    '/v1/',
    '/v2/drops',
    '/v1/drops/',
    '/v1/drops/a/b',
    '/v1/drops/a%20b',
    `/v1/drops/${'x'.repeat(81)}`,
    '//v1/drops',
    '/v1/drops/..',
  ]) {
    const reply = await fixture.request('GET', path);
    t.deepEqual([reply.status, reply.json['code']], [404, 'not-found'], path);
  }
  const wrong: [string, string, string][] = [
    ['PUT', '/v1/drops/x', 'DELETE, GET, HEAD, PATCH'],
    ['PATCH', '/v1/drops/x/orders', 'GET, HEAD, POST'],
    ['PUT', '/v1/notifications', 'GET, HEAD'],
    ['OPTIONS', '/v1/creators/x/follow', 'DELETE, POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ];
  for (const [method, path, allow] of wrong) {
    const reply = await fixture.request(method, path);
    t.deepEqual([reply.status, reply.json['code']], [405, 'method-not-allowed'], path);
    t.is(reply.headers.get('allow'), allow);
  }
});

test('H2: a defect is 500 without its text, and logged with the request id', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.product'] = () => {
    throw new Error('secret of the house');
  };
  const reply = await fixture.request('GET', '/v1/products/p');
  t.is(reply.status, 500);
  t.is(reply.json['code'], 'internal');
  t.false(reply.text.includes('secret'));
  const line = fixture.logged.find(({ level }) => level === 50);
  t.is(line?.['requestId'], reply.headers.get('x-request-id'));
  t.true(JSON.stringify(line).includes('secret of the house'));
});

test('J7: a store that is down is 503 with Retry-After', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.product'] = () => {
    throw new StoreUnavailableError('disk full');
  };
  const reply = await fixture.request('GET', '/v1/products/p');
  t.deepEqual([reply.status, reply.json['code']], [503, 'unavailable']);
  t.is(reply.headers.get('retry-after'), '1');
});

test('H6: past the bound of requests in flight a request gets 503 at once', async (t) => {
  const fixture = await startFixture(t, { requestsInFlightMax: 2, drainMs: 50 });
  fixture.router.holding = true;
  const waiting = [fixture.request('GET', '/v1/drops/a'), fixture.request('GET', '/v1/drops/b')];
  while (fixture.router.commands.length < 2) await new Promise(setImmediate);
  for (const [method, path] of [
    ['GET', '/v1/drops/c'],
    ['POST', '/v1/drops/c/orders'],
  ] as const) {
    const reply = await fixture.request(method, path, { as: 'b' });
    t.deepEqual([reply.status, reply.json['code']], [503, 'overloaded'], path);
  }
  fixture.router.release();
  t.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [404, 404],
  );
});

test('H6: past the bound operators and probes are still answered', async (t) => {
  const operatorAddress = { host: '127.0.0.1', port: 0 };
  for (const options of [{}, { operatorAddress }]) {
    const fixture = await startFixture(t, { ...options, requestsInFlightMax: 1, drainMs: 50 });
    fixture.actions['operator.listNodes'] = () => success([]);
    fixture.router.holding = true;
    const waiting = fixture.request('GET', '/v1/drops/a');
    while (fixture.router.commands.length === 0) await new Promise(setImmediate);
    t.is((await fixture.request('GET', '/v1/drops/b')).status, 503);
    t.is((await fixture.request('GET', '/readyz')).status, 200);
    t.is((await fixture.request('GET', '/healthz')).status, 200);
    const inside = fixture.gateway.operatorPort();
    t.is((await requestOnce(inside ?? fixture.port, 'GET', '/metrics')).status, 200);
    if (inside !== null) {
      const nodes = await requestOnce(inside, 'GET', '/v1/operator/nodes', { as: 'b+operator' });
      t.is(nodes.status, 200);
    }
    fixture.router.release();
    t.is((await waiting).status, 404);
  }
});

test('X4: readiness fails with its reasons', async (t) => {
  const fixture = await startFixture(t);
  t.is((await fixture.request('GET', '/readyz')).status, 200);
  fixture.readiness = { ready: false, reasons: ['shard 3 is not served'] };
  const reply = await fixture.request('GET', '/readyz');
  t.is(reply.status, 503);
  t.deepEqual(reply.json, { ready: false, reasons: ['shard 3 is not served'] });
});

test('X4: metrics count requests by route and class, orders too', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: false });
  const headers = { 'idempotency-key': 'k' };
  await fixture.request('POST', '/v1/drops/drp_1/orders', {
    as: 'b',
    headers,
    body: { quantity: 1 },
  });
  await fixture.request('POST', '/v1/drops/drp_1/orders', { as: 'b', headers, body: {} });
  await fixture.request('GET', '/nothing');
  const { text } = await fixture.request('GET', '/metrics');
  const name = 'livedrops_http_request_duration_seconds_count';
  const orders = '{method="POST",route="/v1/drops/{id}/orders"';
  t.true(text.includes(`${name}${orders},status="2xx"} 1`), text.slice(0, 2000));
  t.true(text.includes(`${name}${orders},status="4xx"} 1`));
  t.true(text.includes(`${name}{method="any",route="unmatched",status="4xx"} 1`));
  t.true(text.includes('le="+Inf"'));
  t.true(text.includes('livedrops_http_requests_in_flight 1'));
  t.true(text.includes('livedrops_orders_waiting 0'));
  t.true(text.includes('process_cpu_user_seconds_total'));
});

test('H9: OpenAPI has every route and bound, and refers to existing components', async (t) => {
  const fixture = await startFixture(t);
  const reply = await fixture.request('GET', '/openapi.json');
  const api = reply.json as {
    openapi: string;
    paths: Record<
      string,
      Record<string, { responses: object; requestBody?: unknown; security?: unknown }>
    >;
    components: { schemas: Record<string, { properties: Record<string, unknown> }> };
  };
  t.is(api.openapi, '3.1.0');
  const place = api.paths['/v1/drops/{id}/orders']!['post']!;
  t.true(
    ['201', '400', '401', '409', '413', '415', '422', '429', '503'].every(
      (status) => status in place.responses,
    ),
  );
  t.deepEqual(place.security, [{ token: [] }]);
  t.deepEqual(api.components.schemas['NewOrder']!.properties['quantity'], {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
  });
  for (const [, name] of reply.text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
    t.truthy(api.components.schemas[name!], name);
  }
  const etag = reply.headers.get('etag')!;
  const again = await fixture.request('GET', '/openapi.json', {
    headers: { 'if-none-match': etag },
  });
  t.is(again.status, 304);
});

test('H9: OpenAPI has the refusals of a live stream of a drop', async (t) => {
  const fixture = await startFixture(t);
  const api = (await fixture.request('GET', '/openapi.json')).json as {
    paths: Record<string, { get: { responses: object } }>;
  };
  const { responses } = api.paths['/v1/drops/{id}/live']!.get;
  t.is(Object.keys(responses).join(' '), '101 400 401 403 404 413 415 422 426 429 500 503');
});

test('H8: X-Forwarded-For counts only behind a trusted proxy', async (t) => {
  const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
  const body = { email: 'a@b.c', password: 'x' };
  for (const trustProxy of [false, true]) {
    const fixture = await startFixture(t, { trustProxy });
    await fixture.request('POST', '/v1/auth/login', { headers, body });
    t.is(fixture.calls[0]?.params['address'], trustProxy ? '198.51.100.7' : '127.0.0.1');
  }
});

test('A3a: of several X-Forwarded-For lines the last address of the last one counts', async (t) => {
  const fixture = await startFixture(t, { trustProxy: true });
  const body = { email: 'a@b.c', password: 'x' };
  for (const [first, last, counted] of [
    ['203.0.113.9', '198.51.100.7', '198.51.100.7'],
    ['203.0.113.9, 203.0.113.10', '203.0.113.11, 198.51.100.8', '198.51.100.8'],
    ['203.0.113.9', 'unknown', '127.0.0.1'],
  ] as const) {
    const headers = { 'x-forwarded-for': first, 'X-Forwarded-For': last };
    await fixture.request('POST', '/v1/auth/login', { headers, body });
    t.is(fixture.calls.at(-1)?.params['address'], counted);
  }
});

test('H2: a long token and a long cookie get the replies of short ones', async (t) => {
  const fixture = await startFixture(t);
  const as = 'x'.repeat(4_000);
  const headers = { cookie: 'c'.repeat(11_000), 'idempotency-key': 'k' };
  for (const reply of [
    await fixture.request('GET', '/v1/users/me', { as, headers }),
    await fixture.request('POST', '/v1/drops/drp_1/orders', { as, headers, body: { quantity: 1 } }),
  ]) {
    t.deepEqual([reply.status, reply.json['code']], [404, 'not-found']);
    t.is(reply.headers.get('content-type'), 'application/problem+json');
  }
  t.is(fixture.calls[0]?.params['userId'], as);
  const tooLong = await fixture.request('GET', '/healthz', {
    headers: { cookie: 'c'.repeat(17_000) },
  });
  t.is(tooLong.status, 431);
});

test('H8: of an endless body no more than a mebibyte is read', async (t) => {
  const fixture = await startFixture(t);
  const head = 'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const announced = await exchangeRaw(fixture.port, [`${head}content-length: 100000000\r\n\r\n`]);
  t.is(announced.status, 413);
  t.is(announced.headers.get('connection'), 'close');
  const chunk = `${(1_100_000).toString(16)}\r\n${' '.repeat(1_100_000)}\r\n`;
  const chunked = await exchangeRaw(fixture.port, [
    `${head}transfer-encoding: chunked\r\n\r\n`,
    chunk,
  ]);
  t.is(chunked.status, 413);
  t.is(fixture.calls.length, 0);
});

test('H2: a client that goes while its request waits does no harm', async (t) => {
  const fixture = await startFixture(t);
  const { router } = fixture;
  router.holding = true;
  const socket = connect({ port: fixture.port, host: '127.0.0.1' });
  socket.write('GET /v1/drops/a HTTP/1.1\r\nhost: x\r\n\r\n');
  while (router.commands.length === 0) await new Promise(setImmediate);
  await new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.resetAndDestroy();
  });
  t.is((await fixture.request('GET', '/healthz')).status, 200);
  router.release();
  const { text } = await fixture.request('GET', '/metrics');
  t.true(text.includes('livedrops_http_requests_in_flight 1\n'), 'only the request that asks');
  t.false(fixture.logged.some(({ level }) => (level as number) >= 50));
});

test('X4: a port that is taken rejects the start', async (t) => {
  const fixture = await startFixture(t);
  await t.throwsAsync(startFixture(t, { port: fixture.port }), { message: /is the port taken/ });
});

test('J4: stopping lets requests in flight finish and accepts no more', async (t) => {
  // A bound beyond the test's own: stopping must not wait for it.
  const fixture = await startFixture(t, { drainMs: 600_000 });
  const { router, gateway, port } = fixture;
  router.answer = () => success(drop);
  router.holding = true;
  const waiting = fixture.request('GET', '/v1/drops/drp_1');
  while (router.commands.length === 0) await new Promise(setImmediate);
  const stopped = gateway.stop();
  const refused = await new Promise<string>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('connect', () => resolve('connected'));
  });
  t.is(refused, 'ECONNREFUSED');
  router.release();
  t.is((await waiting).status, 200);
  await stopped;
  t.deepEqual(fixture.live.events, [['stopped']]);
  await gateway.stop();
});

test('J4: stopping waits no longer than its bound', async (t) => {
  const fixture = await startFixture(t, { drainMs: 20 });
  fixture.router.holding = true;
  const waiting = t.throwsAsync(fixture.request('GET', '/v1/drops/drp_1'));
  while (fixture.router.commands.length === 0) await new Promise(setImmediate);
  await fixture.gateway.stop();
  await waiting;
});
