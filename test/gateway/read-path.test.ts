// The hot path of reads beside the dispatcher: the same request, once as a crowd sends it and once
// in a form that the dispatcher answers, has the same reply.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import pino from 'pino';
import { CHANGES_TOPIC } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import { success } from '../../domain/refusal.ts';
import { ReadPath } from '../../gateway/http/read-path.ts';
import {
  drop,
  exchangeRaw,
  type Fixture,
  NOW,
  type RequestOptions,
  type Response,
  startFixture,
} from './fixture.ts';
import { SettableLimits } from './settable-limits.ts';

/** Each request has others. */
const OF_REQUEST: ReadonlySet<string> = new Set(['traceparent', 'x-request-id', 'date']);

let served = 0;
let asked = 0;
type Serve = (this: ReadPath, ...args: Parameters<ReadPath['serve']>) => boolean;
const serve = Object.getOwnPropertyDescriptor(ReadPath.prototype, 'serve')!.value as Serve;
Object.defineProperty(ReadPath.prototype, 'serve', {
  value(this: ReadPath, ...args: Parameters<ReadPath['serve']>): boolean {
    const isServed = serve.apply(this, args);
    asked += 1;
    if (isServed) served += 1;
    return isServed;
  },
});

const product = {
  id: 'prd_9',
  creatorId: 'creator',
  name: 'Schuh „Größe 42“ 靴',
  description: '',
  imageUrls: [],
  createdAt: NOW,
  revision: 1,
};
const profile = { id: 'creator', name: 'Ada', followerCount: 1, followingCount: 0, createdAt: NOW };
const page = <T>(...items: T[]) => success({ items, nextCursor: null });

async function startReads(
  t: ExecutionContext,
  options: Parameters<typeof startFixture>[1] = {},
): Promise<Fixture> {
  const at = await startFixture(t, options);
  at.router.answer = (command) =>
    command.type === 'get-drop' && command.dropId === drop.id
      ? success(drop)
      : { ok: false, code: 'not-found' };
  at.actions['catalogue.product'] = () => success(product);
  at.actions['catalogue.products'] = () => page(product);
  at.actions['catalogue.drops'] = () => page(drop);
  at.actions['accounts.profile'] = () => success(profile);
  at.actions['search.find'] = () =>
    success({ lagMs: 300, result: { items: [], nextCursor: null, counts: null, corrections: [] } });
  at.actions['follows.followers'] = () => page({ userId: 'fan', name: 'Fan', since: NOW });
  at.actions['follows.following'] = () => page({ userId: 'creator', name: 'Ada', since: NOW });
  return at;
}

/** What the hot path gave, and whether it was it. */
async function hot(request: () => Promise<Response>) {
  const before = served;
  const response = await request();
  return { response, isHot: served > before };
}

/** An empty body that is announced is the dispatcher's. */
const DISPATCHED = { 'content-length': '0' };

async function compared(
  t: ExecutionContext,
  at: Fixture,
  path: string,
  { headers = {}, ...options }: RequestOptions = {},
): Promise<Response> {
  const label = `${path} ${JSON.stringify({ headers, ...options })}`;
  const ordinary = await hot(() => {
    return at.request('GET', path, { ...options, headers: { ...headers, ...DISPATCHED } });
  });
  t.false(ordinary.isHot, label);
  const { response, isHot } = await hot(() => at.request('GET', path, { ...options, headers }));
  t.true(isHot, label);
  same(t, response, ordinary.response, label);
  return response;
}

function same(t: ExecutionContext, one: Response, other: Response, label: string): void {
  t.is(one.status, other.status, label);
  t.is(one.text, other.text, label);
  const ofReply = ({ headers }: Response) =>
    Object.fromEntries([...headers].filter(([name]) => !OF_REQUEST.has(name)));
  t.deepEqual(ofReply(one), ofReply(other), label);
  for (const name of OF_REQUEST) t.is(one.headers.has(name), other.headers.has(name), label);
}

/** Twice: once to load, once to be offered to the hot path. */
async function warm(at: Fixture, path: string): Promise<void> {
  await at.request('GET', path);
  await at.request('GET', path);
}

const PATHS = [
  '/v1/drops/drp_1',
  '/v1/products/prd_9',
  '/v1/users/creator',
  '/v1/products',
  '/v1/products?creator_id=creator&limit=3',
  '/v1/drops?status=live',
  '/v1/creators/creator/followers',
  '/v1/users/fan/following',
  '/v1/search?q=lamp',
];
/** With and without a log that has each request's trace. */
const LOGS = [{}, { log: pino({ level: 'silent' }) }];

test.serial('C2, M1: a drop with the picture of its product is answered from bytes', async (t) => {
  const media = { origin: () => 'https://media.example', sign: () => null };
  const at = await startReads(t, { media });
  const picture = { id: 'm_1', width: 640, height: 480, url: '/m/1/w640-1.jpg', preview: null };
  const pictured = { ...product, id: drop.productId, mediaIds: ['m_1'], picture };
  at.actions['catalogue.productsById'] = () => success([pictured]);
  const path = `/v1/drops/${drop.id}`;
  await warm(at, path);
  const { json } = await compared(t, at, path);
  t.like(json['picture'], { id: 'm_1', url: 'https://media.example/m/1/w640-1.jpg' });
  const { id: productId, creatorId } = pictured;
  const changes = [{ kind: 'product', productId, creatorId, revision: 2 }] as const;
  at.actions['catalogue.productsById'] = () =>
    success([{ ...pictured, revision: 2, picture: { ...picture, id: 'm_2', url: '/m/2.jpg' } }]);
  at.bus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: null, changes });
  const { isHot, response } = await hot(() => at.request('GET', path));
  t.false(isHot);
  t.like(response.json['picture'], { id: 'm_2' });
  await compared(t, at, path);
});

for (const [number, options] of LOGS.entries())
  test.serial(
    `C2: what is cached has the same reply from bytes as from its route, ${number}`,
    async (t) => {
      const at = await startReads(t, options);
      for (const path of PATHS) {
        await warm(at, path);
        const { status, headers } = await compared(t, at, path);
        t.is(status, 200);
        t.regex(headers.get('cache-status')!, /^livedrops; hit/);
        const etag = headers.get('etag')!;
        for (const tags of [etag, etag.slice(2), '*', `"x", ${etag}`])
          t.is((await compared(t, at, path, { headers: { 'if-none-match': tags } })).status, 304);
        for (const tags of ['"x"', 'W/', '', ','])
          t.is((await compared(t, at, path, { headers: { 'if-none-match': tags } })).status, 200);
        t.is((await compared(t, at, path, { as: 'buyer' })).status, 200);
        const forged = { authorization: 'Bearer nonsense' };
        t.is((await compared(t, at, path, { headers: forged })).status, 200);
        const { isHot, response } = await hot(() => at.request('HEAD', path));
        t.false(isHot);
        t.deepEqual(
          [...response.headers.keys()].toSorted(),
          [...headers.keys()].toSorted(),
          'HEAD has the headers of GET',
        );
        t.is(response.headers.get('content-length'), headers.get('content-length'));
      }
    },
  );

test.serial('Q3: who asks a search for lines is left to the route', async (t) => {
  const at = await startReads(t);
  at.actions['search.open'] = () => success({ lagMs: 0, nodeId: 'n', streamId: '1' });
  at.actions['search.read'] = () => success(null);
  at.actions['search.close'] = () => success(null);
  const path = '/v1/search?q=lamp';
  await warm(at, path);
  for (const accept of ['*/*', 'application/json', ''])
    await compared(t, at, path, { headers: { accept } });
  const { isHot, response } = await hot(() =>
    at.request('GET', path, { headers: { accept: 'Application/X-NDJSON' } }),
  );
  t.deepEqual([isHot, response.headers.get('content-type')], [false, 'application/x-ndjson']);
  const lines = [`GET ${path} HTTP/1.1`, 'host: test', 'accept: text/html'];
  const raw = `${lines.join('\r\n')}\r\naccept: application/x-ndjson\r\n\r\n`;
  t.false((await hot(() => exchangeRaw(at.port, [raw]))).isHot);
});

test.serial('C2: a crowd that only validates is served from bytes as well', async (t) => {
  const at = await startReads(t);
  const headers = {
    'if-none-match': (await at.request('GET', '/v1/drops/drp_1')).headers.get('etag')!,
  };
  t.is((await at.request('GET', '/v1/drops/drp_1', { headers })).status, 304);
  t.is((await compared(t, at, '/v1/drops/drp_1', { headers })).status, 304);
});

test.serial('C2: what ages is told as the route tells it', async (t) => {
  const at = await startReads(t);
  await warm(at, '/v1/products/prd_9');
  at.time += 2_500;
  const { headers } = await compared(t, at, '/v1/products/prd_9');
  t.is(headers.get('age'), '2');
  t.regex(headers.get('cache-status')!, /^livedrops; hit; ttl=[12]$/);
  const search = '/v1/search?q=lamp';
  await warm(at, search);
  at.time += 120;
  t.is((await compared(t, at, search)).headers.get('search-lag'), '0.4');
});

test.serial('H10: tags in several lines are all compared', async (t) => {
  const at = await startReads(t);
  await warm(at, '/v1/drops/drp_1');
  const lines = ['GET /v1/drops/drp_1 HTTP/1.1', 'host: test', 'if-none-match: "x"'];
  const ask = (more: string) => exchangeRaw(at.port, [`${lines.join('\r\n')}\r\n${more}\r\n\r\n`]);
  const known = await hot(() => ask('if-none-match: W/"3-live"'));
  t.deepEqual([known.response.status, known.isHot], [304, true]);
  const other = await hot(() => ask('if-none-match: W/"2-live"'));
  t.deepEqual([other.response.status, other.isHot], [200, true]);
});

test.serial('H4: a trace goes on, and a request id is given back', async (t) => {
  const at = await startReads(t);
  await warm(at, '/v1/drops/drp_1');
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-request-id': 'mine' };
  const { response, isHot } = await hot(() => at.request('GET', '/v1/drops/drp_1', { headers }));
  t.true(isHot);
  t.regex(response.headers.get('traceparent')!, new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  t.is(response.headers.get('x-request-id'), 'mine');
  const { msg, route, status, requestId } = at.logged.at(-1)!;
  t.deepEqual([msg, route, status, requestId], ['request', '/v1/drops/{id}', 200, 'mine']);
});

test.serial('G5: pages of other origins get what they may', async (t) => {
  for (const corsOrigins of [['https://shop.example'], ['*']]) {
    const at = await startReads(t, { corsOrigins });
    await warm(at, '/v1/drops/drp_1');
    for (const origin of ['https://shop.example', 'https://other.example', ''])
      await compared(t, at, '/v1/drops/drp_1', origin === '' ? {} : { headers: { origin } });
  }
});

test.serial('C2: what is not there, or not such a read, is left to the routes', async (t) => {
  const at = await startReads(t);
  for (const path of [
    '/v1/drops/drp_2',
    '/v1/drops/a%20b',
    '/v1/drops/drp_1/',
    '/v1/drops/drp_1?x=1',
    '/v1/products?limit=x',
    '/nothing',
  ]) {
    await warm(at, path);
    t.false((await hot(() => at.request('GET', path))).isHot, path);
  }
  await warm(at, '/v1/drops/drp_1');
  const withBody = await hot(() => at.request('GET', '/v1/drops/drp_1', { body: { a: 1 } }));
  t.deepEqual([withBody.isHot, withBody.response.status], [false, 422]);
  const posted = await hot(() => at.request('POST', '/v1/drops/drp_1'));
  t.deepEqual([posted.isHot, posted.response.status], [false, 405]);
});

test.serial('H5: reads are limited by address as in their routes, and count once', async (t) => {
  const limits = new SettableLimits({ rates: { reads: { address: 8 } } });
  const ask = async (headers: Record<string, string>) => {
    const at = await startReads(t, { rateLimits: true, limits });
    const replies: Response[] = [];
    for (let n = 0; n < 10; n++)
      replies.push(await at.request('GET', '/v1/products/prd_9', { headers }));
    return replies;
  };
  const before = served;
  const ordinary = await ask(DISPATCHED);
  t.is(served, before);
  const quick = await ask({});
  t.is(served, before + 8);
  t.deepEqual(
    quick.map(({ status }) => status),
    [...Array.from({ length: 4 }, () => 200), ...Array.from({ length: 6 }, () => 429)],
  );
  for (const [n, response] of quick.entries()) same(t, response, ordinary[n]!, `request ${n + 1}`);
});

test.serial('H5: behind a proxy the client’s own address is limited', async (t) => {
  const limits = new SettableLimits({ rates: { reads: { address: 8 } } });
  const at = await startReads(t, { rateLimits: true, limits, trustProxy: true });
  const of = async (address: string) => {
    const headers = { 'x-forwarded-for': address };
    return (await at.request('GET', '/v1/drops/drp_1', { headers })).status;
  };
  const statuses: number[] = [];
  for (let n = 0; n < 5; n++) statuses.push(await of('192.0.2.1'));
  t.deepEqual(statuses, [200, 200, 200, 200, 429]);
  t.is(await of('192.0.2.2'), 200);
});

test.serial('C3: a change is seen by the next read', async (t) => {
  const at = await startReads(t);
  await warm(at, '/v1/products/prd_9');
  t.true((await hot(() => at.request('GET', '/v1/products/prd_9'))).isHot);
  at.actions['catalogue.product'] = () => success({ ...product, name: 'Boot', revision: 2 });
  const change = {
    kind: 'product',
    productId: 'prd_9',
    creatorId: 'creator',
    revision: 2,
  } as const;
  at.bus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: null, changes: [change] });
  t.is((await at.request('GET', '/v1/products/prd_9')).json['name'], 'Boot');
  const after = await hot(() => at.request('GET', '/v1/products/prd_9'));
  t.true(after.isHot);
  t.is(after.response.headers.get('etag'), 'W/"2"');
});

test.serial('C4: stock is that of the newest version, and a second old at most', async (t) => {
  const at = await startReads(t);
  await warm(at, '/v1/drops/drp_1');
  const sold: DropView = { ...drop, version: 4, free: 8, sold: 2 };
  at.bus.publish('drop.drp_1', { type: 'drop', view: sold, milestones: [] });
  const next = await compared(t, at, '/v1/drops/drp_1');
  t.deepEqual([next.json['free'], next.headers.get('etag')], [8, 'W/"4-live"']);
  at.router.answer = () => success({ ...drop, version: 5, free: 7, sold: 3 });
  at.time += 1_000;
  const { response, isHot } = await hot(() => at.request('GET', '/v1/drops/drp_1'));
  t.deepEqual([isHot, response.json['free']], [false, 7]);
});

test.serial('A11: what is taken down is gone at once', async (t) => {
  let isDown = false;
  const at = await startReads(t, {
    restrictions: {
      isEmpty: true,
      isHidden: () => isDown,
      onTakeDown: () => () => undefined,
      size: 0,
      banOf: () => 'not-banned',
    },
  });
  await warm(at, '/v1/drops/drp_1');
  t.true((await hot(() => at.request('GET', '/v1/drops/drp_1'))).isHot);
  isDown = true;
  const { response, isHot } = await hot(() => at.request('GET', '/v1/drops/drp_1'));
  t.deepEqual([isHot, response.status], [false, 404]);
});

test.serial('C5: hits of the hot path are hits of their caches, and requests', async (t) => {
  const at = await startReads(t);
  const hitsOf = (kind: string) =>
    at.gateway.caches.report().find((sample) => sample.kind === kind)!.hits;
  for (const [path, kind] of [
    ['/v1/drops/drp_1', 'drops'],
    ['/v1/products/prd_9', 'products'],
  ] as const) {
    await warm(at, path);
    const [before, beforeAll] = [hitsOf(kind), asked];
    for (let n = 0; n < 5; n++) await at.request('GET', path);
    t.is(hitsOf(kind), before + 5, kind);
    t.is(asked, beforeAll + 5);
  }
  const { text } = await at.request('GET', '/metrics');
  const count = 'livedrops_http_request_duration_seconds_count';
  t.true(text.includes(`${count}{method="GET",route="/v1/drops/{id}",status="2xx"} 7`), text);
});

test.serial('H6: a full server refuses these reads as all others', async (t) => {
  const at = await startReads(t, { requestsInFlightMax: 1 });
  await warm(at, '/v1/drops/drp_1');
  at.router.holding = true;
  const waiting = at.request('GET', '/v1/drops/drp_2');
  while (!at.router.commands.some(({ dropId }) => dropId === 'drp_2'))
    await new Promise((resolve) => setImmediate(resolve));
  t.is((await at.request('GET', '/v1/drops/drp_1')).status, 503);
  at.router.release();
  t.is((await waiting).status, 404);
  t.is((await at.request('GET', '/v1/drops/drp_1')).status, 200);
});
