// Bad input against the whole server: every route and every live message, malformed in many ways,
// and random bytes at the port. Always 4xx or an error frame, never a fault, and nothing changed:
// neither what can be read, nor the journal.

import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { operationsOf, throwAt, WRONG_BODIES } from '../gateway/bad-requests.ts';
import { exchangeRaw } from '../gateway/fixture.ts';
import { readTruth } from '../chaos/truth.ts';
import { LiveClient } from './live-client.ts';
import { resolve, type Schema, type Schemas, wrongObjects } from './malformed.ts';
import { type Answer, dropTerms, eventually, type Json, SaleServer } from './sale-server.ts';

const CREATOR = 'cleo';
const BUYER = 'ann';

let server: SaleServer;
let paths: Record<string, Record<string, Operation>>;
let schemas: Schemas;
let codes: readonly unknown[];
let dropId: string;
let orderId: string;
let before: readonly string[];

interface Operation {
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
}

/** Everything that a client can read of the little there is. */
async function state(): Promise<readonly string[]> {
  const looks: [path: string, as?: string][] = [
    [`/v1/drops/${dropId}`],
    [`/v1/drops?creator_id=${CREATOR}`],
    ['/v1/products'],
    [`/v1/creators/${CREATOR}/followers`],
    [`/v1/users/${BUYER}/following`],
    [`/v1/orders/${orderId}`, BUYER],
    ['/v1/orders', BUYER],
    ['/v1/orders', CREATOR],
    ['/v1/notifications', BUYER],
  ];
  return await Promise.all(
    looks.map(async ([path, as]) => {
      const { status, text } = await server.get(path, as === undefined ? {} : { as });
      return `${path}: ${status} ${text}`;
    }),
  );
}

test.before(async () => {
  server = await SaleServer.start();
  dropId = await server.drop(CREATOR, { payment: 'provider', holdSeconds: 3600 });
  orderId = String((await server.order(dropId, BUYER, 'k')).json['id']);
  await server.post(`/v1/creators/${CREATOR}/follow`, { as: BUYER });
  await eventually(
    () => server.listAll('/v1/orders', BUYER),
    (items) => items.length === 1,
  );
  const { json } = await server.get('/openapi.json');
  paths = json['paths'] as typeof paths;
  schemas = (json['components'] as { schemas: Schemas }).schemas;
  codes = schemas['Problem']!.properties!['code']!.enum!;
  before = await state();
});
test.after.always(() => server.stop());

/** A right body for each route that takes one, by the name of its schema. */
function rightBody(name: string): Json {
  const email = 'new@example.com';
  const password = 'long enough';
  const bodies: Readonly<Record<string, Json>> = {
    Register: { email, password, name: 'New' },
    LogIn: { email, password },
    Refresh: { refreshToken: 'x' },
    NewProduct: { name: 'Lamp', description: 'x', imageUrls: ['http://example.com/'] },
    ProductPatch: { name: 'Lamp' },
    NewDrop: { ...dropTerms(), holdSeconds: 60, payment: 'instant' },
    DropPatch: { addStock: 1 },
    NewOrder: { quantity: 1 },
  };
  return bodies[name]!;
}

const WEBHOOK = '/v1/payments/webhook';
const HEADERS = { 'idempotency-key': 'bad' };

/** The path with the one id of it that would work. */
function filled(path: string): string {
  if (path.startsWith('/v1/creators/')) return path.replace('{id}', CREATOR);
  if (path.startsWith('/v1/orders/')) return path.replace('{id}', orderId);
  return path.replace('{id}', dropId);
}

function isProblem({ status, headers, json, text }: Answer): boolean {
  return (
    status >= 400 &&
    status < 500 &&
    headers.get('content-type') === 'application/problem+json' &&
    json['status'] === status &&
    codes.includes(json['code']) &&
    !/node_modules|\.ts:|SQLITE|at async/.test(text)
  );
}

test.serial('H8: every field of every body, malformed in every way, is a problem', async (t) => {
  let sent = 0;
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      if (requestBody === undefined || path === WEBHOOK) continue;
      const { schema } = Object.values(requestBody.content)[0]!;
      const name = schema.$ref!.split('/').at(-1)!;
      const wrong = wrongObjects(resolve(schema, schemas), rightBody(name));
      for (const body of [...wrong, ...WRONG_BODIES.map(([text]) => text)]) {
        const options = { as: CREATOR, headers: HEADERS, body };
        const answer = await server.call(method.toUpperCase(), filled(path), options);
        const said = `${method} ${path} ${body.slice(0, 200)}: ${answer.status} ${answer.text}`;
        if (!isProblem(answer)) t.fail(said);
        sent += 1;
      }
    }
  }
  t.true(sent > 500, `${sent} were sent`);
  t.deepEqual(await state(), before);
});

test.serial('H8, P2: signed webhook calls that make no sense are problems', async (t) => {
  for (const [type, id, reference] of [
    ['payment.succeeded', '', 'r'],
    ['payment.succeeded', `${orderId}0`, 'r'],
    ['payment.succeeded', '__proto__', 'r'],
    ['payment.succeeded', orderId, ''],
    ['payment.failed', orderId, 'x'.repeat(256)],
    ['payment.failed', orderId, 'a b'],
    ['payment.failed', 'x'.repeat(10_000), 'r'],
  ] as const) {
    const answer = await server.webhook(type, id, { reference });
    t.true(isProblem(answer), `${type} ${id.slice(0, 50)}: ${answer.status} ${answer.text}`);
  }
  const other = await server.webhook('payment.unheard-of', orderId);
  t.is(other.status, 200, 'types of no concern are taken and ignored');
  t.deepEqual(await state(), before);
});

test.serial(
  'H8: broken UTF-8, other media types and large bodies are problems everywhere',
  async (t) => {
    const operations = operationsOf({ paths }).filter(
      ({ hasBody, path }) => hasBody && path !== WEBHOOK,
    );
    for (const { method, path } of operations) {
      for (const [type, body, status] of [
        ['text/plain', '{}', 415],
        ['application/json; charset=utf-16', '{}', 415],
        ['multipart/form-data; boundary=x', '--x--', 415],
        ['application/json', ' '.repeat(70_000), 413],
      ] as const) {
        const headers = { ...HEADERS, 'content-type': type };
        const answer = await server.call(method, filled(path), { as: CREATOR, headers, body });
        t.is(answer.status, status, `${method} ${path} ${type}`);
        t.true(isProblem(answer));
      }
      const bytes = Buffer.from('{"name":"\xc3\x28","quantity":"\xff"}', 'latin1');
      const head = [
        `${method} ${filled(path)} HTTP/1.1`,
        'host: test',
        `authorization: Bearer ${server.token(CREATOR)}`,
        'idempotency-key: bad',
        'content-type: application/json',
        `content-length: ${bytes.length}`,
      ].join('\r\n');
      const reply = await exchangeRaw(server.port, [`${head}\r\n\r\n`, bytes]);
      t.true([400, 422].includes(reply.status), `${method} ${path}: ${reply.status}`);
    }
    t.deepEqual(await state(), before);
  },
);

const STRANGE_IDS = [
  '__proto__',
  'constructor',
  'toString',
  'x',
  '-',
  '-0',
  '0',
  '9'.repeat(80),
  'x'.repeat(81),
  '%00',
  '%2e%2e',
  'a%2Fb',
  '%',
  '%C3%28',
  "'--",
  'd_0-zzzzzzz',
  'd_0-00',
];

test.serial('H8: strange ids are answered without a fault on every route', async (t) => {
  for (const { method, path, hasBody } of operationsOf({ paths })) {
    if (!path.includes('{id}')) continue;
    for (const id of STRANGE_IDS) {
      const body = hasBody ? rightBodyOf(path, method) : undefined;
      const options = { as: 'mallory', headers: HEADERS, ...(body && { body }) };
      const { status, text } = await server.call(method, path.replace('{id}', id), options);
      // Reading the list of nobody's followers, or unfollowing nobody, is no error.
      t.true(status < 500, `${method} ${path} ${id}: ${status} ${text}`);
    }
  }
  t.deepEqual(await state(), before);
});

function rightBodyOf(path: string, method: string): Json {
  const { schema } = Object.values(paths[path]![method.toLowerCase()]!.requestBody!.content)[0]!;
  return rightBody(schema.$ref!.split('/').at(-1)!);
}

const QUERIES = [
  'limit=0',
  'limit=101',
  'limit=-1',
  'limit=1e1',
  'limit=99999999999999999999',
  'limit=',
  'limit=1&limit=2',
  'limit=%',
  'cursor=',
  'cursor=x',
  'cursor=%00',
  'cursor=W10',
  'cursor=bnVsbA',
  `cursor=${'x'.repeat(513)}`,
  'unknown=1',
  '__proto__=1',
  'status=sold',
  'creator_id=%27',
  'unread=maybe',
  '%C3%28=1',
  `x=${'y'.repeat(3000)}`,
];

test.serial('H3, H8: strange queries are problems on every list', async (t) => {
  const lists = operationsOf({ paths }).filter(({ hasQuery }) => hasQuery);
  t.true(lists.length >= 7);
  for (const { method, path } of lists) {
    for (const query of QUERIES) {
      const answer = await server.call(method, `${filled(path)}?${query}`, { as: BUYER });
      t.true(isProblem(answer), `${method} ${path}?${query}: ${answer.status} ${answer.text}`);
    }
  }
});

/** One right message of each type, as its schema would be written. */
const MESSAGES: readonly { readonly schema: Schema; readonly right: Json }[] = [
  ...['subscribe', 'unsubscribe'].map((type) => ({
    schema: {
      required: ['type', 'topic'],
      properties: { topic: { type: 'string', minLength: 1, maxLength: 200, format: 'topic' } },
    },
    right: { type, topic: 'drop:d_0' },
  })),
  {
    schema: {
      required: ['type', 'after'],
      properties: { after: { type: 'string', minLength: 1, maxLength: 15, format: 'id' } },
    },
    right: { type: 'resume', after: '0' },
  },
  {
    schema: {
      required: ['type', 'accessToken'],
      properties: { accessToken: { type: 'string', minLength: 1, maxLength: 3000 } },
    },
    right: { type: 'authenticate', accessToken: 'x' },
  },
  { schema: { required: ['type'] }, right: { type: 'ping' } },
];
/** Fewer than the malformed messages in a row that end a stream, and than its burst. */
const MESSAGES_PER_STREAM = 8;
const FRAME_BYTES_MAX = 4096;

test.serial(
  'H8, N6: every live message, malformed in every way, is answered by an error',
  async (t) => {
    const wrong = MESSAGES.flatMap(({ schema, right }) => wrongObjects(schema, right))
      .concat(WRONG_BODIES.map(([text]) => text))
      .concat(
        '{"type":"drop.stock"}',
        '{"type":["ping"]}',
        '{"type":"PING"}',
        '{"type":"__proto__"}',
      )
      .filter((text) => Buffer.byteLength(text) <= FRAME_BYTES_MAX);
    t.true(wrong.length > 100);
    for (let from = 0; from < wrong.length; from += MESSAGES_PER_STREAM) {
      const client = await LiveClient.listen(t, server, BUYER);
      for (const message of wrong.slice(from, from + MESSAGES_PER_STREAM)) {
        const frame = await client.ask(message, ({ type }) => type !== 'notification');
        const told = `${message.slice(0, 200)}: ${JSON.stringify(frame)}`;
        t.is(frame.type, 'error', told);
        t.true(codes.includes(frame.code), told);
      }
      await client.leave();
    }
    t.deepEqual(await state(), before);
  },
);

test.serial(
  'H8: frames that are binary, too long or rubbish again and again end the stream',
  async (t) => {
    const binary = await LiveClient.listen(t, server, BUYER);
    binary.socket.send(Buffer.from([1, 2, 3]));
    t.is(await binary.closed(), 1003);
    const long = await LiveClient.listen(t, server, BUYER);
    long.send(`{"type":"ping"${' '.repeat(5000)}}`);
    t.true([1006, 1009].includes(await long.closed()));
    const rubbish = await LiveClient.listen(t, server, BUYER);
    for (let i = 0; i < 10; i++) rubbish.send('rubbish');
    t.is(await rubbish.closed(), 4400);
  },
);

test.serial('H8: random bytes at the port bring no fault', async (t) => {
  const token = server.token(BUYER);
  const heads = [
    `POST /v1/drops/${dropId}/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nidempotency-key: bad\r\ncontent-type: application/json\r\ncontent-length: 40\r\n\r\n`,
    `PATCH /v1/drops/${dropId} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ntransfer-encoding: chunked\r\n\r\n`,
    'GET /v1/',
    '',
  ];
  const bytes = fc.tuple(fc.constantFrom(...heads), fc.uint8Array({ minLength: 1 }));
  await fc.assert(
    fc.asyncProperty(bytes, async ([head, tail]) => {
      const received = await throwAt(server.port, Buffer.concat([Buffer.from(head), tail]));
      return !/^HTTP\/1\.1 50[0-4]/m.test(received) && !received.startsWith('unhealthy');
    }),
    { numRuns: 100 },
  );
  t.deepEqual(await state(), before);
});

test.serial(
  'H8: random text in a stream, and random bytes after an upgrade, bring no fault',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.json({ maxDepth: 3 }), { maxLength: 5 }), async (texts) => {
        const client = await LiveClient.visit(t, server, dropId);
        for (const text of texts) client.send(text.slice(0, 1000));
        await client.ask({ type: 'ping' }, ({ type }) => type === 'pong');
        await client.leave();
      }),
      { numRuns: 20 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => {
        const socket = connect({ port: server.port, host: '127.0.0.1' });
        // The server may well cut such a connection off.
        socket.on('error', () => socket.destroy());
        socket.write(
          `GET /v1/drops/${dropId}/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n` +
            'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
            'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
        const [head] = (await once(socket, 'data')) as [Buffer];
        t.regex(head.toString('latin1'), /^HTTP\/1\.1 101/);
        await new Promise<void>((done) => socket.write(bytes, () => done()));
        t.is((await server.get('/healthz')).status, 200);
        socket.destroy();
      }),
      { numRuns: 50 },
    );
    t.deepEqual(await state(), before);
  },
);

test.serial('H8: after all of this the journal holds what it held before', async (t) => {
  t.is((await server.get('/readyz')).status, 200);
  const data = await server.stopAndKeep();
  const { drops, findings } = await readTruth(data);
  t.deepEqual(findings, []);
  t.deepEqual([...drops.keys()], [dropId]);
  const { stock, orders } = drops.get(dropId)!;
  t.is(stock.length, 3, 'it was created, opened, and one order was placed');
  t.deepEqual(
    orders.map(({ id }) => id),
    [orderId],
  );
});
