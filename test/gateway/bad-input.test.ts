// Bad input on every route: 4xx, never a crash, never a 500, and no call behind the gateway (H8).

import test from 'ava';
import fc from 'fast-check';
import { SettableLimits } from './settable-limits.ts';
import { type Operation, operationsOf, throwAt, WRONG_BODIES } from './bad-requests.ts';
import { exchangeRaw, type Fixture, startFixture } from './fixture.ts';

/** GraphQL over HTTP says what a wrong body is answered with (G2). */
const GRAPHQL = '/v1/graphql';
const SIGNED = ['/v1/payments/webhook', '/v1/payments/stripe/webhook'];
/** Mail programs post what they like: its body is not read (RFC 8058). */
const UNSUBSCRIBE = '/v1/mail/unsubscribe';
/** Of what form the body may be is not for OpenAPI to say. */
const OF_OTHER_FORMS = [...SIGNED, UNSUBSCRIBE];
/** Of the ids in a path. */
const NAMES = /\{\w+\}/g;
const HEADERS = { 'idempotency-key': 'k' };

/** All operations for access tokens, from the gateway's own description. */
async function operations(fixture: Fixture): Promise<readonly Operation[]> {
  const { json } = await fixture.request('GET', '/openapi.json');
  const operationsOfTokens = operationsOf(json).filter(({ keysOnly }) => !keysOnly);
  return operationsOfTokens.map((one) => ({ ...one, path: one.path.replaceAll(NAMES, 'abc_1') }));
}

test('H8: a wrong body is refused on every route that takes one', async (t) => {
  const fixture = await startFixture(t);
  for (const { method, path, hasBody, needsBody } of await operations(fixture)) {
    if (!hasBody || OF_OTHER_FORMS.includes(path) || path === GRAPHQL) continue;
    for (const [body, statuses] of WRONG_BODIES) {
      if (body === '' && !needsBody) continue;
      const reply = await fixture.request(method, path, { as: 'abc_1', headers: HEADERS, body });
      const said = `${method} ${path} ${body.slice(0, 40)}: ${reply.status}`;
      t.true(statuses.includes(reply.status), said);
      t.is(reply.headers.get('content-type'), 'application/problem+json', said);
      t.is(reply.json['code'], 'invalid-request', said);
    }
  }
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
  t.is(({} as Record<string, unknown>)['x'], undefined);
});

test('H8, H11: a key of the wrong form is refused on every route that takes one', async (t) => {
  const fixture = await startFixture(t);
  let tried = 0;
  for (const { method, path, hasKey, hasBody } of await operations(fixture)) {
    // Orders have tests of their own (O4).
    if (!hasKey || path.endsWith('/orders')) continue;
    tried += 1;
    for (const key of ['', ' ', 'a b', 'a, b', '\t', '\u00e9', 'x'.repeat(256)]) {
      const reply = await fixture.request(method, path, {
        as: 'abc_1',
        headers: { 'idempotency-key': key },
        ...(hasBody && { body: '{}' }),
      });
      const said = `${method} ${path} ${JSON.stringify(key)}: ${reply.status} ${reply.text}`;
      t.is(reply.status, 400, said);
      t.is(reply.json['code'], 'invalid-request', said);
    }
  }
  t.true(tried > 15, `${tried}`);
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
});

test('H8: a wrong media type is 415, a large body 413, on every route with one', async (t) => {
  const fixture = await startFixture(t);
  for (const { method, path, hasBody } of await operations(fixture)) {
    if (!hasBody) continue;
    const as = 'abc_1';
    if (!OF_OTHER_FORMS.includes(path)) {
      for (const type of [
        'text/plain',
        'application/jsonx',
        'application/json; charset=latin1',
        'application/x-www-form-urlencoded',
      ]) {
        const headers = { ...HEADERS, 'content-type': type };
        const reply = await fixture.request(method, path, { as, headers, body: '{}' });
        t.deepEqual(
          [reply.status, reply.json['code']],
          [415, 'unsupported-media-type'],
          `${path} ${type}`,
        );
      }
    }
    const large = await fixture.request(method, path, {
      as,
      headers: HEADERS,
      body: ' '.repeat(65_537),
    });
    t.deepEqual([large.status, large.json['code']], [413, 'payload-too-large'], path);
  }
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
});

test('H1: application/json with charset utf-8 is taken', async (t) => {
  const fixture = await startFixture(t);
  const headers = { 'content-type': 'Application/JSON; charset=UTF-8' };
  const reply = await fixture.request('POST', '/v1/auth/refresh', {
    headers,
    body: { refreshToken: 'x' },
  });
  t.is(reply.status, 404);
  t.is(fixture.calls.length, 1);
});

test('H8: wrong UTF-8 is 400', async (t) => {
  const fixture = await startFixture(t);
  const body = Buffer.concat([
    Buffer.from('{"refreshToken":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}'),
  ]);
  const head =
    'POST /v1/auth/refresh HTTP/1.1\r\nhost: x\r\n' +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const reply = await exchangeRaw(fixture.port, [Buffer.concat([Buffer.from(head), body])]);
  t.is(reply.status, 400);
  t.is(fixture.calls.length, 0);
});

/** Users' ids may be any visible ASCII (A2). */
const ODD_USER_IDS = ['', '%00', 'a%20b', '%', '%E4', '%C3%A4', 'x'.repeat(129)];
const ODD_IDS = ['', '%00', 'a%2Fb', "'--", '..', '%E4', 'x'.repeat(81), '<script>', 'a.b'];

test('H8: unknown query parameters and odd ids are refused on every route', async (t) => {
  const fixture = await startFixture(t);
  for (const { method, path } of await operations(fixture)) {
    const withBody =
      method === 'GET' || method === 'DELETE'
        ? {}
        : { body: path.endsWith('orders') ? { quantity: 1 } : {} };
    const unknown = await fixture.request(method, `${path}?zz=1`, {
      as: 'abc_1',
      headers: HEADERS,
      ...withBody,
    });
    t.deepEqual(
      [unknown.status, unknown.json['code']],
      [400, 'invalid-request'],
      `${method} ${path}`,
    );
    if (!path.includes('abc_1')) continue;
    const odd =
      /^\/v1\/(?:creators|organisations|users|operator\/(?:operators|bans|sellers|take-downs\/creators))\//.test(
        path,
      )
        ? ODD_USER_IDS
        : ODD_IDS;
    for (const id of odd) {
      const reply = await fixture.request(method, path.replace('abc_1', id), {
        as: 'abc_1',
        headers: HEADERS,
        ...withBody,
      });
      t.true([404, 405].includes(reply.status), `${method} ${path} ${id}: ${reply.status}`);
    }
  }
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
});

test('H8: a body where none belongs is refused', async (t) => {
  const fixture = await startFixture(t);
  const stray = await fixture.request('POST', '/v1/drops/abc/cancel', {
    as: 'b',
    body: { why: 'x' },
  });
  t.is(stray.status, 422);
  const wrong = await fixture.request('POST', '/v1/creators/abc/follow', { as: 'b', body: 'x' });
  t.is(wrong.status, 400);
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
});

test('H8: every route for users is 401 without a token', async (t) => {
  const fixture = await startFixture(t);
  const { json } = await fixture.request('GET', '/openapi.json');
  for (const [path, methods] of Object.entries(json['paths'] as Record<string, object>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { security } = operation as { security: object[] };
      // None, or an empty one: anybody may ask.
      if (security.length === 0 || security.some((one) => !('token' in one))) continue;
      const reply = await fixture.request(method.toUpperCase(), path.replaceAll(NAMES, 'a'), {
        headers: HEADERS,
      });
      t.deepEqual(
        [reply.status, reply.json['code']],
        [401, 'unauthenticated'],
        `${method} ${path}`,
      );
    }
  }
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
});

const TEMPLATES = [
  'POST /v1/drops/abc/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer valid.b\r\n' +
    'idempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n' +
    '{"quantity":0 }',
  'GET /v1/drops?limit=500 HTTP/1.1\r\nhost: x\r\n\r\n',
  'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
    'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'GET /v1/notifications HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n' +
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

test('H8: random bytes at the port crash nothing and cause no call', async (t) => {
  const fixture = await startFixture(t);
  const random = fc.uint8Array({ minLength: 1, maxLength: 2_000 });
  await fc.assert(
    fc.asyncProperty(random, async (bytes) => {
      const received = await throwAt(fixture.port, bytes);
      // The server itself answers 505 where it finds no version.
      return !received.includes('HTTP/1.1 500') && !received.startsWith('unhealthy');
    }),
    { numRuns: 100 },
  );
  t.deepEqual([fixture.calls, fixture.membersAsked, fixture.router.commands], [[], [], []]);
});

test('H8: requests with damaged bytes crash nothing and get no 500', async (t) => {
  const fixture = await startFixture(t);
  const damage = fc.record({
    template: fc.constantFrom(...TEMPLATES),
    at: fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    }),
    cut: fc.nat(400),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ template, at, cut }) => {
      const bytes = Buffer.from(template);
      for (const [index, value] of at) bytes[index % bytes.length] = value;
      const received = await throwAt(
        fixture.port,
        bytes.subarray(0, Math.max(1, bytes.length - (cut > 200 ? 0 : cut))),
      );
      return !received.includes('HTTP/1.1 500') && !received.startsWith('unhealthy');
    }),
    { numRuns: 200 },
  );
  t.false(fixture.logged.some(({ level }) => (level as number) >= 50));
});

test('H5: flooding one address with reads ends in 429, with whole headers', async (t) => {
  const limits = new SettableLimits({ rates: { reads: { address: 4 } } });
  const fixture = await startFixture(t, { rateLimits: true, limits });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await fixture.request('GET', '/v1/products')).status);
  t.deepEqual(statuses, [404, 404, 429, 429]);
});
