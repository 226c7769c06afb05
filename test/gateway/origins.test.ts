// Pages of other origins: preflights, what they may read, live streams; and the headers that every
// reply has.

import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { WebSocket } from 'ws';
import { success } from '../../domain/refusal.ts';
import { type Fixture, order, startFixture } from './fixture.ts';

const SHOP = 'https://shop.example';
const OTHER = 'https://other.example';
const ORDERS = '/v1/drops/drp_1/orders';

function start(t: ExecutionContext, ...corsOrigins: string[]): Promise<Fixture> {
  return startFixture(t, { corsOrigins });
}

function preflight(fixture: Fixture, path: string, origin: string) {
  const headers = { origin, 'access-control-request-method': 'POST' };
  return fixture.request('OPTIONS', path, { headers });
}

/** Replies of all kinds: a read, a problem, one without a route, an order and its refusals. */
async function everyKind(fixture: Fixture, headers: Record<string, string>) {
  const { router } = fixture;
  router.answer = () => success({ order, replayed: false });
  const key = { 'idempotency-key': 'k', ...headers };
  const body = { quantity: 1 };
  return [
    await fixture.request('GET', '/healthz', { headers }),
    await fixture.request('GET', '/openapi.json', { headers }),
    await fixture.request('GET', '/v1/users/me', { headers }),
    await fixture.request('GET', '/nothing', { headers }),
    await fixture.request('PUT', ORDERS, { headers }),
    await fixture.request('POST', ORDERS, { as: 'b', headers: key, body }),
    await fixture.request('POST', ORDERS, { as: 'b', headers: key, body: {} }),
    await fixture.request('POST', ORDERS, { headers: key, body }),
  ];
}

const STATUSES = [200, 200, 401, 404, 405, 201, 422, 401];

test('G5: pages of listed origins may read every reply, an order as well', async (t) => {
  const fixture = await start(t, SHOP, 'http://localhost:5173');
  const replies = await everyKind(fixture, { origin: SHOP });
  t.deepEqual(
    replies.map(({ status }) => status),
    STATUSES,
  );
  for (const { headers } of replies) {
    t.is(headers.get('access-control-allow-origin'), SHOP);
    t.is(headers.get('vary'), 'origin');
    const exposed = headers.get('access-control-expose-headers')!.split(', ');
    for (const name of headers.keys()) {
      const isSafe = /^(?:access-control-|content-(?!disposition)|cache-control|vary|connection)/;
      const isAbout = /^(?:x-content-type-options|cross-origin-resource-policy|referrer-policy)$/;
      if (isSafe.test(name) || isAbout.test(name) || name === 'date' || name === 'allow') continue;
      t.true(exposed.includes(name), `${name} cannot be read`);
    }
  }
});

test('G5: pages of other origins may read nothing, and caches know that replies differ', async (t) => {
  const fixture = await start(t, SHOP);
  for (const origin of [OTHER, 'null', `${SHOP}.evil.example`, 'http://shop.example']) {
    for (const { headers } of await everyKind(fixture, { origin })) {
      t.false(headers.has('access-control-allow-origin'), origin);
      t.is(headers.get('vary'), 'origin');
    }
    t.is((await preflight(fixture, ORDERS, origin)).status, 405);
  }
  const { headers } = await fixture.request('GET', '/openapi.json');
  t.is(headers.get('vary'), 'origin');
});

test('G5: a preflight has the methods of its address, and the browser may store it', async (t) => {
  const fixture = await start(t, SHOP);
  for (const [path, methods] of [
    [ORDERS, 'GET, HEAD, POST'],
    ['/v1/users/me', 'GET, HEAD'],
  ] as const) {
    const { status, headers, text } = await preflight(fixture, path, SHOP);
    t.is(status, 204, path);
    t.is(text, '');
    t.is(headers.get('access-control-allow-origin'), SHOP);
    for (const method of methods.split(', '))
      t.true(headers.get('access-control-allow-methods')!.split(', ').includes(method), method);
    t.regex(headers.get('access-control-allow-headers')!, /authorization.*idempotency-key/);
    t.is(headers.get('access-control-max-age'), '7200');
    t.false(headers.has('access-control-allow-credentials'));
  }
  t.is((await preflight(fixture, '/nothing', SHOP)).status, 404);
  t.is((await fixture.request('OPTIONS', ORDERS, { headers: { origin: SHOP } })).status, 405);
  t.deepEqual([fixture.calls, fixture.router.commands], [[], []]);
});

test('G5: with * every origin may, without credentials, and no reply differs by origin', async (t) => {
  const fixture = await start(t, '*');
  for (const { headers } of await everyKind(fixture, { origin: OTHER })) {
    t.is(headers.get('access-control-allow-origin'), '*');
    t.false(headers.has('vary'));
    t.false(headers.has('access-control-allow-credentials'));
  }
  const { headers } = await fixture.request('GET', '/openapi.json');
  t.is(headers.get('access-control-allow-origin'), '*');
  t.is((await preflight(fixture, ORDERS, OTHER)).headers.get('access-control-allow-origin'), '*');
});

test('G5: without a list there is no CORS', async (t) => {
  const fixture = await start(t);
  for (const { headers } of await everyKind(fixture, { origin: SHOP })) {
    t.false(headers.has('access-control-allow-origin'));
    t.false(headers.has('vary'));
  }
  t.is((await preflight(fixture, ORDERS, SHOP)).status, 405);
});

test('G5: an order that is refused by overload can be read as well', async (t) => {
  const fixture = await startFixture(t, { corsOrigins: [SHOP], requestsInFlightMax: 0 });
  const reply = await fixture.request('POST', ORDERS, { headers: { origin: SHOP }, body: {} });
  t.is(reply.status, 503);
  t.is(reply.headers.get('access-control-allow-origin'), SHOP);
});

/** The status of the upgrade; 101 where it opened. */
async function upgrade(fixture: Fixture, options: { origin?: string }): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}/v1/drops/drp_1/live`, options);
  socket.on('error', () => undefined);
  const opened = once(socket, 'open').then(() => 101);
  const refused = once(socket, 'unexpected-response').then(
    ([, reply]) => (reply as { statusCode: number }).statusCode,
  );
  const status = await Promise.race([opened, refused]);
  socket.terminate();
  return status;
}

test('G5: with a list, pages of other origins open no live stream', async (t) => {
  const fixture = await start(t, SHOP);
  t.is(await upgrade(fixture, { origin: SHOP }), 101);
  t.is(await upgrade(fixture, { origin: `http://127.0.0.1:${fixture.port}` }), 101);
  t.is(await upgrade(fixture, {}), 101);
  t.is(await upgrade(fixture, { origin: OTHER }), 403);
  t.is(await upgrade(fixture, { origin: 'null' }), 403);
  const opened = fixture.live.events.filter(([name]) => name === 'opened');
  t.is(opened.length, 3);
  const all = await start(t, '*');
  t.is(await upgrade(all, { origin: OTHER }), 101);
  const none = await start(t);
  t.is(await upgrade(none, { origin: OTHER }), 101);
});

test('H2: every reply has the security headers, and none names the server', async (t) => {
  const fixture = await start(t);
  for (const { status, headers } of await everyKind(fixture, {})) {
    t.is(headers.get('x-content-type-options'), 'nosniff', `${status}`);
    t.is(headers.get('cross-origin-resource-policy'), 'same-origin');
    t.is(headers.get('referrer-policy'), 'no-referrer');
    t.is(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
    t.true(headers.has('cache-control'));
    for (const name of ['server', 'x-powered-by', 'uwebsockets', 'via'])
      t.false(headers.has(name), name);
  }
  const page = await fixture.request('GET', '/docs');
  t.is(page.headers.get('x-content-type-options'), 'nosniff');
  t.true(page.headers.get('content-security-policy')!.includes("style-src 'self'"));
});
