// GET /v1/search over a real socket: what is asked of the services, the headers, and whole results
// as lines (Q1, Q3).

import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { refusal, success } from '../../domain/refusal.ts';
import type { ProductView } from '../../contracts/products.ts';
import type { SearchItem } from '../../contracts/search.ts';
import { type Fixture, startFixture } from './fixture.ts';
import { NOW } from '../services/harness.ts';

const LINES = { accept: 'application/x-ndjson' };

function item(id: string): SearchItem {
  return {
    type: 'product',
    id,
    name: 'Lamp',
    creatorId: 'u_1',
    creatorName: 'Ada',
    productId: null,
    status: null,
    unitAmount: null,
    currency: null,
    startsAt: null,
    createdAt: NOW,
    highlights: { name: [{ text: 'Lamp', match: true }], creatorName: [], description: [] },
    explanation: null,
  };
}

async function start(t: ExecutionContext): Promise<Fixture> {
  const fixture = await startFixture(t);
  const result = { items: [item('p_1')], nextCursor: null, counts: null, corrections: [] };
  fixture.actions['search.find'] = () => success({ lagMs: 1_260, result });
  fixture.actions['search.suggest'] = () => success({ lagMs: null, items: [] });
  return fixture;
}

const ask = (fixture: Fixture, query: string, headers = {}) =>
  fixture.request('GET', `/v1/search${query}`, { headers });

test('Q1: what is asked for is what the services are asked, within its bounds', async (t) => {
  const fixture = await start(t);
  const query =
    '?q=red%20lamp&type=drops&status=live&creator_id=u_1&currency=EUR&min=100&max=100000000000' +
    '&sort=price&limit=7&cursor=a.b&counts=false';
  t.is((await ask(fixture, query)).status, 200);
  await ask(fixture, '');
  t.deepEqual(
    fixture.calls.filter(({ action }) => action === 'search.find').map(({ params }) => params),
    [
      {
        filter: {
          text: 'red lamp',
          type: 'drop',
          status: 'live',
          creatorId: 'u_1',
          currency: 'EUR',
          amountMin: 100,
          amountMax: 100_000_000_000,
          sort: 'price',
        },
        page: { limit: 7, cursor: 'a.b' },
        withCounts: false,
        withExplanations: false,
      },
      {
        filter: { text: '', sort: 'relevance' },
        page: { limit: 20, cursor: null },
        withCounts: true,
        withExplanations: false,
      },
    ],
  );
  const wrong = [
    'limit=101',
    'max=100000000001',
    'min=1.5',
    'currency=eur',
    `q=${'x'.repeat(401)}`,
  ];
  for (const one of wrong) t.is((await ask(fixture, `?${one}`)).status, 400, one);
  t.is((await ask(fixture, '/suggest')).status, 400);
  t.is((await ask(fixture, '/suggest?q=a&limit=21')).status, 400);
});

test('Q1, Q4: results are public for a second, with their lag', async (t) => {
  const fixture = await start(t);
  const found = await ask(fixture, '?q=lamp');
  t.is(found.headers.get('cache-control'), 'public, max-age=1');
  t.is(found.headers.get('search-lag'), '1.3');
  t.is(found.headers.get('vary'), 'accept');
  t.deepEqual(found.json, {
    items: [
      {
        type: 'product',
        id: 'p_1',
        name: 'Lamp',
        creatorId: 'u_1',
        creatorName: 'Ada',
        createdAt: new Date(NOW).toISOString(),
        highlights: { name: [{ text: 'Lamp', match: true }], creatorName: [], description: [] },
      },
    ],
    nextCursor: null,
    corrections: [],
  });
  const etag = found.headers.get('etag')!;
  t.is((await ask(fixture, '?q=lamp', { 'if-none-match': etag })).status, 304);
  t.is((await ask(fixture, '/suggest?q=la')).headers.get('search-lag'), 'building');
});

const PREVIEW = 'data:image/webp;base64,AA';
const PICTURE = { id: 'm_1', width: 640, height: 480, url: '/m/a/w640-1.jpg', preview: PREVIEW };
const SHOWN = { ...PICTURE, url: 'https://media.example/m/a/w640-1.jpg' };
const MEDIA_ORIGIN = { origin: () => 'https://media.example', sign: () => 'signed' };

function product(id: string): ProductView {
  const texts = { name: 'Lamp', description: '', imageUrls: [], mediaIds: ['m_1'] };
  return { id, creatorId: 'u_1', ...texts, createdAt: NOW, revision: 1, picture: PICTURE };
}

/** Of a product, its drop, a product whose media are private, and a creator. */
async function startPictured(t: ExecutionContext): Promise<Fixture> {
  const fixture = await startFixture(t, { media: MEDIA_ORIGIN });
  const drop = { ...item('d_1'), type: 'drop' as const, productId: 'p_1' };
  const creator = { ...item('u_1'), type: 'creator' as const };
  const items = [item('p_1'), drop, item('p_2'), creator];
  const result = { items, nextCursor: null, counts: null, corrections: [] };
  fixture.actions['search.find'] = () => success({ lagMs: 0, result });
  const { picture: _, ...unseen } = product('p_2');
  fixture.actions['catalogue.productsById'] = () =>
    success([product('p_1'), { ...unseen, hasPrivateMedia: true }]);
  return fixture;
}

const picturesOf = ({ json }: { json: Record<string, unknown> }) =>
  (json['items'] as Record<string, unknown>[]).map(({ picture }) => picture);

test('Q1, M1: hits of products and drops have the public picture, by one call a page', async (t) => {
  const fixture = await startPictured(t);
  const asked = () => fixture.calls.filter(({ action }) => action === 'catalogue.productsById');
  const found = await ask(fixture, '?q=lamp');
  t.deepEqual(picturesOf(found), [SHOWN, SHOWN, undefined, undefined]);
  t.deepEqual(
    asked().map(({ params }) => params),
    [{ productIds: ['p_1', 'p_2'] }],
  );
  t.deepEqual(picturesOf(await ask(fixture, '?q=lam')), picturesOf(found));
  t.is(asked().length, 1, 'the products are in the cache');
  const single = await fixture.request('GET', '/v1/products/p_1');
  t.deepEqual(single.json['picture'], SHOWN);
  t.regex(single.headers.get('cache-status')!, /; hit/);
});

test('Q1, M1: hits come without pictures where the products cannot be read', async (t) => {
  const fixture = await startPictured(t);
  const answers = [
    () => refusal('unavailable'),
    () => {
      throw new Error('a defect');
    },
    () => new Promise(() => undefined),
  ];
  for (const [index, answer] of answers.entries()) {
    fixture.actions['catalogue.productsById'] = answer;
    const found = await ask(fixture, `?q=lamp${index}`);
    t.is(found.status, 200);
    t.deepEqual(picturesOf(found), [undefined, undefined, undefined, undefined]);
  }
});

test('Q1: reasons are for operators alone, and no cache has them', async (t) => {
  const fixture = await start(t);
  t.is((await ask(fixture, '?explain=true')).status, 401);
  const as = (token: string) => ({ authorization: `Bearer valid.${token}` });
  t.is((await ask(fixture, '?explain=true', as('ben'))).status, 403);
  t.is((await ask(fixture, '?explain=true', as('olga+auditor'))).status, 403);
  t.is(fixture.calls.length, 0);
  const shown = await ask(fixture, '?explain=true', as('olga+operator'));
  t.is(shown.status, 200);
  t.is(shown.headers.get('cache-control'), 'private, no-store');
  t.is(shown.headers.get('etag'), undefined);
});

test('Q5: without a node that searches it is 503 with Retry-After', async (t) => {
  const fixture = await start(t);
  fixture.actions['search.find'] = () => refusal('search-unavailable');
  const refused = await ask(fixture, '?q=lamp');
  t.is(refused.status, 503);
  t.is(refused.json['code'], 'search-unavailable');
  t.is(refused.headers.get('retry-after'), '1');
});

test('Q3: a whole result comes as lines, and what breaks off is seen to be broken off', async (t) => {
  const fixture = await start(t);
  const chunks: (SearchItem[] | null)[] = [[item('p_1'), item('p_2')], [item('p_3')], null];
  let isBroken = false;
  fixture.actions['search.open'] = () => success({ lagMs: 0, nodeId: 'n', streamId: '1' });
  fixture.actions['search.close'] = () => success(null);
  let read = 0;
  fixture.actions['search.read'] = () =>
    isBroken && read === 1 ? refusal('search-unavailable') : success(chunks[read++]);
  const url = `http://127.0.0.1:${fixture.port}/v1/search?q=lamp`;
  const whole = await fetch(url, { headers: LINES });
  t.is(whole.headers.get('content-type'), 'application/x-ndjson');
  t.is(whole.headers.get('cache-control'), 'no-store');
  const lines = (await whole.text()).trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as { id: string }).id),
    ['p_1', 'p_2', 'p_3'],
  );
  isBroken = true;
  read = 0;
  await t.throwsAsync(async () => (await fetch(url, { headers: LINES })).text());
  const closed = fixture.calls.filter(({ action }) => action === 'search.close');
  t.is(closed.length, 2, 'no result stays open');
  for (const one of ['limit=1', 'cursor=a.b']) {
    const refused = await ask(fixture, `?q=lamp&${one}`, LINES);
    t.is(refused.status, 400, one);
  }
});

test('Q3: where hits are far apart spaces keep the connection open, and each line is JSON', async (t) => {
  const fixture = await start(t);
  const chunks = [[], [item('p_1')], [], [], [item('p_2')], [], null];
  fixture.actions['search.open'] = () => success({ lagMs: 0, nodeId: 'n', streamId: '1' });
  fixture.actions['search.close'] = () => success(null);
  let read = 0;
  fixture.actions['search.read'] = () => success(chunks[read++]);
  const url = `http://127.0.0.1:${fixture.port}/v1/search?q=lamp`;
  const text = await (await fetch(url, { headers: LINES })).text();
  t.deepEqual(
    text.split('\n').map((line) => /^ */.exec(line)![0].length),
    [1, 2, 1],
  );
  const lines = text.trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as { id: string }).id),
    ['p_1', 'p_2'],
  );
});

test('Q3: what cannot go on says why in its last line, and breaks off', async (t) => {
  const fixture = await start(t);
  fixture.actions['search.open'] = () => success({ lagMs: 0, nodeId: 'n', streamId: '1' });
  fixture.actions['search.close'] = () => success(null);
  let read = 0;
  fixture.actions['search.read'] = async () => {
    // As over the broker: within one event of the socket nothing of an answer is sent.
    await setImmediate();
    return read++ === 0 ? success([item('p_1')]) : refusal('overloaded', 'Too slow.');
  };
  const received = await new Promise<string>((resolve, reject) => {
    const socket = connect(fixture.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => void (text += data.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    const head = `GET /v1/search?q=lamp HTTP/1.1\r\nhost: a\r\naccept: ${LINES.accept}\r\n\r\n`;
    socket.write(head);
  });
  const chunks = received.split('\r\n\r\n').slice(1).join();
  const lines = chunks.split('\n').filter((line) => line.startsWith('{'));
  t.is(lines.length, 2, received);
  t.like(JSON.parse(lines[1]!), { status: 503, code: 'overloaded', detail: 'Too slow.' });
  t.false(received.endsWith('0\r\n\r\n'), 'the end is missing');
});

test('Q3: whole results are bounded for each address', async (t) => {
  const fixture = await start(t);
  let answer = () => {};
  const waiting = new Promise<void>((resolve) => (answer = resolve));
  fixture.actions['search.open'] = () => success({ lagMs: 0, nodeId: 'n', streamId: '1' });
  fixture.actions['search.close'] = () => success(null);
  fixture.actions['search.read'] = () => waiting.then(() => success(null));
  const url = `http://127.0.0.1:${fixture.port}/v1/search`;
  const open = [fetch(url, { headers: LINES }), fetch(url, { headers: LINES })];
  const opened = () => fixture.calls.filter(({ action }) => action === 'search.read').length;
  while (opened() < 2) await setImmediate();
  t.is((await ask(fixture, '', LINES)).status, 429);
  answer();
  for (const one of await Promise.all(open)) t.is(await one.text(), '');
  t.is((await fetch(url, { headers: LINES })).status, 200);
});
