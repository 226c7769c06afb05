// What every route has in common: problems, traces, caching, methods, media types, limits; and the
// routes that describe and watch the server.

import { journeyOnEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

/** The routes of the REST contract, as SPEC.md writes them. */
const CONTRACT: readonly (readonly [string, readonly string[]])[] = [
  ['/v1/auth/register', ['post']],
  ['/v1/auth/login', ['post']],
  ['/v1/auth/refresh', ['post']],
  ['/v1/auth/logout', ['post']],
  ['/v1/users/{id}', ['get']],
  ['/v1/users/me', ['get']],
  ['/v1/creators/{id}/products', ['post']],
  ['/v1/products/{id}', ['get', 'patch']],
  ['/v1/products', ['get']],
  ['/v1/products/{id}/drops', ['post']],
  ['/v1/drops/{id}', ['get', 'patch']],
  ['/v1/drops', ['get']],
  ['/v1/drops/{id}/cancel', ['post']],
  ['/v1/drops/{id}/orders', ['post']],
  ['/v1/orders/{id}', ['get']],
  ['/v1/orders', ['get']],
  ['/v1/orders/{id}/cancel', ['post']],
  ['/v1/orders/{id}/refund', ['post']],
  ['/v1/payments/webhook', ['post']],
  ['/v1/creators/{id}/follow', ['post', 'delete']],
  ['/v1/creators/{id}/followers', ['get']],
  ['/v1/users/{id}/following', ['get']],
  ['/v1/follows', ['get']],
  ['/v1/notifications', ['get']],
  ['/v1/notifications/{id}/read', ['post']],
  ['/v1/notifications/read-all', ['post']],
  ['/healthz', ['get']],
  ['/readyz', ['get']],
  ['/metrics', ['get']],
  ['/openapi.json', ['get']],
  ['/asyncapi.json', ['get']],
  ['/docs', ['get']],
];

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('X2, X3: operators may have the running node verify itself, nobody else', async (t) => {
    const path = '/v1/operator/verify';
    t.is((await server.post(path)).status, 401);
    const refused = await server.post(path, { as: 'somebody' });
    t.is(refused.status, 403);
    t.is(refused.json['code'], 'forbidden');
    const verified = await server.post(path, { token: server.token('boss', 60, ['operator']) });
    t.is(verified.status, 200);
    t.like(verified.json, { ok: true, findings: [] });
  });

  test('H9: /openapi.json is OpenAPI 3.1 and has every route of the contract', async (t) => {
    const { status, json } = await server.get('/openapi.json');
    t.is(status, 200);
    t.regex(String(json['openapi']), /^3\.1\./);
    const paths = json['paths'] as Record<string, Record<string, { responses: object }>>;
    for (const [path, methods] of CONTRACT) {
      for (const method of methods) t.truthy(paths[path]?.[method], `${method} ${path}`);
    }
    const schemas = (json['components'] as { schemas: object }).schemas;
    const references = JSON.stringify(json).matchAll(/"#\/components\/schemas\/([A-Za-z]+)"/g);
    for (const [, name] of references) t.true((name ?? '') in schemas, name);
  });

  test('H9: /docs is a page', async (t) => {
    const { status, headers, text } = await server.get('/docs');
    t.is(status, 200);
    t.regex(String(headers.get('content-type')), /^text\/html/);
    t.regex(text, /openapi\.json/);
  });

  // Serial: of two gateways that are asked in turn, the first and the third request reach one.
  test.serial('X4: /healthz and /readyz say that all is well, and /metrics counts', async (t) => {
    t.is((await server.get('/healthz')).status, 200);
    const ready = await server.get('/readyz');
    t.deepEqual([ready.status, ready.json], [200, { ready: true, reasons: [] }]);
    const { status, text, headers } = await server.get('/metrics');
    t.is(status, 200);
    t.regex(String(headers.get('content-type')), /^text\/plain/);
    t.regex(text, /livedrops_http_request_duration_seconds_count\{.*route="\/healthz".*\} [1-9]/);
  });

  test('H2, H8: unknown routes are 404 problems', async (t) => {
    for (const path of ['/v1', '/v1/nothing', '/v2/drops', '/v1/drops/a/b/c', '/v1/drops/']) {
      const { status, json, headers } = await server.get(path);
      t.is(status, 404, path);
      t.is(headers.get('content-type'), 'application/problem+json');
      t.like(json, { status: 404, code: 'not-found' });
      t.is(typeof json['title'], 'string');
    }
  });

  test('H8: a wrong method is 405 and says which are right', async (t) => {
    for (const [method, path, allow] of [
      ['PUT', '/v1/drops/x', 'DELETE, GET, HEAD, PATCH'],
      ['PATCH', '/v1/drops/x/orders', 'GET, HEAD, POST'],
      ['PUT', '/v1/creators/x/follow', 'DELETE, POST'],
      ['POST', '/healthz', 'GET, HEAD'],
    ] as const) {
      const { status, headers, json } = await server.call(method, path, { as: 'ann' });
      t.deepEqual([status, headers.get('allow')], [405, allow], `${method} ${path}`);
      t.is(json['code'], 'method-not-allowed');
    }
  });

  test('H8: a large body is 413, another media type 415', async (t) => {
    const dropId = await server.drop(server.fresh('creator'));
    for (const path of ['/v1/auth/login', `/v1/drops/${dropId}/orders`]) {
      const headers = { 'idempotency-key': 'k' };
      const large = await server.post(path, { as: 'ann', headers, body: ' '.repeat(70_000) });
      t.deepEqual([large.status, large.json['code']], [413, 'payload-too-large'], path);
      const text = { ...headers, 'content-type': 'text/plain' };
      const other = await server.post(path, { as: 'ann', headers: text, body: '{"quantity":1}' });
      t.deepEqual([other.status, other.json['code']], [415, 'unsupported-media-type'], path);
    }
  });

  test('H1: unknown fields are refused by name', async (t) => {
    const body = { email: 'x@example.com', password: 'long enough', name: 'X', admin: true };
    const { status, json } = await server.post('/v1/auth/register', { body });
    t.deepEqual([status, json['code']], [422, 'invalid-request']);
    t.regex(String(json['detail']), /admin/);
    t.is((await server.get('/v1/drops?colour=red')).status, 400);
  });

  test('H3: a limit is 1 to 100, and a cursor comes from the list', async (t) => {
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'cursor=rubbish']) {
      for (const path of ['/v1/drops', '/v1/products', '/v1/orders', '/v1/notifications']) {
        const { status, json } = await server.get(`${path}?${query}`, { as: 'ann' });
        t.deepEqual([status, json['code']], [400, 'invalid-request'], `${path}?${query}`);
      }
    }
  });

  test('H4: traceparent is taken up with a new span, and x-request-id echoed', async (t) => {
    const dropId = await server.drop(server.fresh('creator'));
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const given = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-request-id': 'mine-1' };
    const order = { as: 'ann', body: { quantity: 1 } };
    for (const { headers } of [
      await server.get('/v1/drops', { headers: given }),
      await server.get('/v1/nothing', { headers: given }),
      await server.post(`/v1/drops/${dropId}/orders`, {
        ...order,
        headers: { ...given, 'idempotency-key': 'k' },
      }),
    ]) {
      t.is(headers.get('x-request-id'), 'mine-1');
      const [, id, span, flags] = String(headers.get('traceparent')).split('-');
      t.deepEqual([id, flags], [trace, '01']);
      t.regex(span!, /^[0-9a-f]{16}$/);
      t.not(span, '00f067aa0ba902b7');
    }
    const { headers } = await server.get('/healthz');
    t.regex(String(headers.get('traceparent')), /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
    t.truthy(headers.get('x-request-id'));
  });

  test('H10: public reads have an ETag; a matching If-None-Match gives 304', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    const path = `/v1/drops/${dropId}`;
    const { headers } = await server.get(path);
    const etag = String(headers.get('etag'));
    t.truthy(headers.get('cache-control'));
    const same = await server.get(path, { headers: { 'if-none-match': etag } });
    t.deepEqual([same.status, same.text, same.headers.get('etag')], [304, '', etag]);
    await server.order(dropId, 'ann', 'k');
    const changed = await server.inAMoment(
      () => server.get(path, { headers: { 'if-none-match': etag } }),
      ({ status }) => status === 200,
    );
    t.is(changed.status, 200);
    t.not(changed.headers.get('etag'), etag);
    // Lists of this creator's alone: other tests make drops and products meanwhile.
    const own = `creator_id=${creator}`;
    for (const list of [`/v1/drops?${own}`, `/v1/products?${own}`, '/openapi.json']) {
      const tag = String((await server.get(list)).headers.get('etag'));
      const again = await server.get(list, { headers: { 'if-none-match': tag } });
      t.is(again.status, 304, list);
    }
  });

  test('H8: users’ routes without a token are 401', async (t) => {
    const { json } = await server.get('/openapi.json');
    const paths = json['paths'] as Record<string, Record<string, { security: object[] }>>;
    let count = 0;
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        // None, or an empty one: anybody may ask.
        if (security.length === 0 || security.some((one) => !('token' in one))) continue;
        count += 1;
        const answer = await server.call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'));
        t.deepEqual([answer.status, answer.json['code']], [401, 'unauthenticated'], path);
      }
    }
    t.true(count >= 15);
  });
});
