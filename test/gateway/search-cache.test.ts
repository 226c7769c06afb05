// Searches in the gateway's cache (C2): shared while they are young, and only what everybody may
// have.

import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { refusal, success } from '../../domain/refusal.ts';
import { type Fixture, startFixture } from './fixture.ts';

/** Until the same query is searched for again, at most. */
const FRESH_MS = 250;
const READERS = 100;

async function start(t: ExecutionContext, options: Parameters<typeof startFixture>[1] = {}) {
  const at = await startFixture(t, options);
  const state = { searches: 0, lagMs: 400 as number | null };
  at.actions['search.find'] = () => {
    state.searches += 1;
    const corrections = [{ word: 'search', found: String(state.searches) }];
    const result = { items: [], nextCursor: null, counts: null, corrections };
    return success({ lagMs: state.lagMs, result });
  };
  return { at, state };
}

const ask = (at: Fixture, query: string, headers = {}) =>
  at.request('GET', `/v1/search${query}`, { headers });

test('C2: however many ask one query at once, it is searched for once', async (t) => {
  const { at } = await start(t);
  let searches = 0;
  let answer = () => {};
  const waiting = new Promise<void>((resolve) => (answer = resolve));
  at.actions['search.find'] = async () => {
    searches += 1;
    await waiting;
    const result = { items: [], nextCursor: null, counts: null, corrections: [] };
    return success({ lagMs: 0, result });
  };
  const asked = Array.from({ length: READERS }, () => ask(at, '?q=lamp'));
  const { caches } = at.gateway;
  const sample = () => caches.report().find(({ kind }) => kind === 'searches')!;
  while (sample().collapsed < READERS - 1) await setImmediate();
  answer();
  const served = (await Promise.all(asked)).map(({ status, headers }) => {
    t.is(status, 200);
    return headers.get('cache-status')!.replace(/; ttl=\d+$/, '');
  });
  t.is(searches, 1);
  t.is(served.filter((one) => one === 'livedrops; fwd=miss; collapsed').length, READERS - 1);
  t.is(sample().misses, 1);
});

test('C2, Q4: the same query is shown from the cache for a quarter of a second, with its lag', async (t) => {
  const { at, state } = await start(t);
  const first = await ask(at, '?q=lamp&limit=20');
  t.regex(first.headers.get('cache-status')!, /^livedrops; fwd=miss/);
  t.is(first.headers.get('search-lag'), '0.4');
  at.time += 150;
  // The same question, written otherwise.
  const again = await ask(at, '?sort=relevance&q=lamp');
  t.is(state.searches, 2, 'a sort that is named is another key');
  t.deepEqual(again.json['corrections'], [{ word: 'search', found: '2' }]);
  const same = await ask(at, '?limit=20&q=lamp');
  t.is(state.searches, 2);
  t.deepEqual([same.json, same.headers.get('etag')], [first.json, first.headers.get('etag')]);
  t.regex(same.headers.get('cache-status')!, /^livedrops; hit; ttl=0$/);
  t.is(same.headers.get('search-lag'), '0.6', 'with the time in the cache');
  t.is(same.headers.get('cache-control'), 'public, max-age=1');
  const tag = { 'if-none-match': first.headers.get('etag')! };
  t.is((await ask(at, '?q=lamp', tag)).status, 304);
  at.time += FRESH_MS - 150;
  state.lagMs = null;
  const later = await ask(at, '?q=lamp');
  t.is(state.searches, 3);
  t.is(later.headers.get('search-lag'), 'building');
});

test('C2: each other question is another one', async (t) => {
  const { at, state } = await start(t);
  const questions = [
    '',
    '?q=lamp',
    '?q=Lamp',
    '?q=lamp&type=drops',
    '?q=lamp&status=live',
    '?q=lamp&creator_id=u_1',
    '?q=lamp&currency=EUR',
    '?q=lamp&currency=EUR&min=1',
    '?q=lamp&currency=EUR&max=1',
    '?q=lamp&sort=newest',
    '?q=lamp&limit=3',
    '?q=lamp&cursor=a.b',
    '?q=lamp&counts=false',
  ];
  for (const one of questions) await ask(at, one);
  t.is(state.searches, questions.length);
  for (const one of questions) await ask(at, one);
  t.is(state.searches, questions.length);
});

test('C2: reasons and whole results are never from the cache, nor in it', async (t) => {
  const { at, state } = await start(t);
  at.actions['search.open'] = () => success({ lagMs: 0, nodeId: 'n', streamId: '1' });
  at.actions['search.close'] = () => success(null);
  at.actions['search.read'] = () => success(null);
  const operator = { authorization: 'Bearer valid.olga+operator' };
  await ask(at, '?q=lamp');
  for (let time = 0; time < 2; time++) {
    const explained = await ask(at, '?q=lamp&explain=true', operator);
    t.is(explained.headers.get('cache-control'), 'private, no-store');
    t.is(explained.headers.get('cache-status'), undefined);
    t.is((await ask(at, '?q=lamp&explain=true')).status, 401);
  }
  t.is(state.searches, 3);
  const lines = await ask(at, '?q=lamp', { accept: 'application/x-ndjson' });
  t.is(lines.headers.get('content-type'), 'application/x-ndjson');
  t.is((await ask(at, '?q=lamp')).headers.get('content-type'), 'application/json');
  t.is(state.searches, 3);
});

test('A11: what is taken down is searched for anew at once', async (t) => {
  let takenDown = () => {};
  const { at, state } = await start(t, {
    restrictions: {
      isEmpty: true,
      isHidden: () => false,
      onTakeDown: (heard: () => void) => {
        takenDown = heard;
        return () => undefined;
      },
      size: 0,
      banOf: () => 'not-banned',
    },
  });
  await ask(at, '?q=lamp');
  await ask(at, '?q=lamp');
  t.is(state.searches, 1);
  takenDown();
  await ask(at, '?q=lamp');
  t.is(state.searches, 2);
});

test('Q5: that no node answers is not remembered', async (t) => {
  const { at, state } = await start(t);
  const find = at.actions['search.find']!;
  at.actions['search.find'] = () => refusal('search-unavailable');
  t.is((await ask(at, '?q=lamp')).status, 503);
  at.actions['search.find'] = find;
  t.is((await ask(at, '?q=lamp')).status, 200);
  t.is(state.searches, 1);
});
