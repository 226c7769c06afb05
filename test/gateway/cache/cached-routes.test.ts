// Cached reads over HTTP: what they say of themselves, and which changes they hear of (C2, C3).

import test from 'ava';
import { CHANGES_TOPIC, type ChangedEntity, STATUS_TOPIC } from '../../../actors/live-bus.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { drop, type Fixture, NOW, startFixture } from '../fixture.ts';

const product = {
  id: 'prd_9',
  creatorId: 'creator',
  name: 'Shoe',
  description: '',
  imageUrls: [],
  createdAt: NOW,
  revision: 1,
};

function callsOf({ calls }: Fixture, action: string): number {
  return calls.filter((call) => call.action === action).length;
}

function tell({ bus }: Fixture, change: ChangedEntity): void {
  bus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: null, changes: [change] });
}

test('C2: a product is read once, told as a hit, and validated by its tag', async (t) => {
  const at = await startFixture(t);
  at.actions['catalogue.product'] = () => success(product);
  const first = await at.request('GET', '/v1/products/prd_9');
  t.regex(first.headers.get('cache-status')!, /^livedrops; fwd=miss; ttl=[45]$/);
  at.time += 2_000;
  const second = await at.request('GET', '/v1/products/prd_9');
  t.regex(second.headers.get('cache-status')!, /^livedrops; hit; ttl=[12]$/);
  t.is(second.headers.get('age'), '2');
  t.deepEqual(second.json, first.json);
  t.is(
    second.headers.get('cache-control'),
    'public, max-age=5, stale-while-revalidate=5, stale-if-error=60',
  );
  const etag = second.headers.get('etag')!;
  const third = await at.request('GET', '/v1/products/prd_9', {
    headers: { 'if-none-match': etag },
  });
  t.is(third.status, 304);
  t.is(callsOf(at, 'catalogue.product'), 1);
});

test('C2: that a product is missing is remembered for less than a second or so', async (t) => {
  const at = await startFixture(t);
  at.actions['catalogue.product'] = () => refusal('not-found');
  t.is((await at.request('GET', '/v1/products/prd_9')).status, 404);
  at.actions['catalogue.product'] = () => success(product);
  t.is((await at.request('GET', '/v1/products/prd_9')).status, 404);
  at.time += 1_000;
  t.is((await at.request('GET', '/v1/products/prd_9')).status, 200);
});

test('C3: who changes a product reads the change at once, and so do others through other gateways', async (t) => {
  const at = await startFixture(t);
  let stored = product;
  at.actions['catalogue.product'] = () => success(stored);
  at.actions['catalogue.products'] = () => success({ items: [stored], nextCursor: null });
  at.actions['products.change'] = () =>
    success((stored = { ...stored, name: 'Boot', revision: 2 }));
  const nameOf = async () => (await at.request('GET', '/v1/products/prd_9')).json['name'];
  const namesOf = async (query: string) => {
    const { items } = (await at.request('GET', `/v1/products${query}`)).json;
    return (items as { name: string }[]).map(({ name }) => name);
  };
  const all = async () => [
    await nameOf(),
    ...(await namesOf('')),
    ...(await namesOf('?creator_id=creator')),
  ];
  t.deepEqual(await all(), ['Shoe', 'Shoe', 'Shoe']);
  await at.request('PATCH', '/v1/products/prd_9', { as: 'creator', body: { name: 'Boot' } });
  t.deepEqual(await all(), ['Boot', 'Boot', 'Boot']);
  stored = { ...stored, name: 'Sandal', revision: 3 };
  t.deepEqual(await all(), ['Boot', 'Boot', 'Boot'], 'not heard of yet');
  tell(at, { kind: 'product', productId: 'prd_9', creatorId: 'creator', revision: 3 });
  t.deepEqual(await all(), ['Sandal', 'Sandal', 'Sandal']);
  tell(at, { kind: 'product', productId: 'prd_9', creatorId: 'creator', revision: 3 });
  await all();
  t.is(callsOf(at, 'catalogue.product'), 3, 'heard of again');
});

test('C3: profiles with their counts, and pages of followers, hear of follows', async (t) => {
  const at = await startFixture(t);
  let followerCount = 0;
  const profile = { id: 'creator', name: 'Ada', followingCount: 0, createdAt: NOW };
  at.actions['accounts.profile'] = () => success({ ...profile, followerCount });
  at.actions['follows.followers'] = () =>
    success({
      items: Array.from({ length: followerCount }, (_, i) => {
        return { userId: `fan_${i}`, name: 'Fan', since: NOW };
      }),
      nextCursor: null,
    });
  at.actions['follows.follow'] = () => success(null);
  const seen = async () => [
    (await at.request('GET', '/v1/users/creator')).json['followerCount'],
    ((await at.request('GET', '/v1/creators/creator/followers')).json['items'] as unknown[]).length,
  ];
  t.deepEqual(await seen(), [0, 0]);
  followerCount = 1;
  t.deepEqual(await seen(), [0, 0]);
  await at.request('POST', '/v1/creators/creator/follow', { as: 'fan' });
  t.deepEqual(await seen(), [1, 1]);
  followerCount = 2;
  tell(at, { kind: 'follow', userId: 'fan_1', creatorId: 'creator' });
  t.deepEqual(await seen(), [2, 2]);
  followerCount = 0;
  tell(at, { kind: 'user', userId: 'fan_1', isGone: true });
  t.is((await seen())[1], 0, 'whoever was deleted is in no page');
});

test('C3: who deletes an account is in no profile and no page of the same gateway', async (t) => {
  const at = await startFixture(t);
  let isGone = false;
  const profile = { id: 'fan', name: 'Fan', followerCount: 0, followingCount: 0, createdAt: NOW };
  at.actions['accounts.profile'] = () => (isGone ? refusal('not-found') : success(profile));
  at.actions['follows.followers'] = () =>
    success({
      items: isGone ? [] : [{ userId: 'fan', name: 'Fan', since: NOW }],
      nextCursor: null,
    });
  at.actions['accounts.delete'] = () => {
    isGone = true;
    return success(null);
  };
  const seen = async () => [
    (await at.request('GET', '/v1/users/fan')).status,
    ((await at.request('GET', '/v1/creators/creator/followers')).json['items'] as unknown[]).length,
  ];
  t.deepEqual(await seen(), [200, 1]);
  const body = { password: 'correct horse' };
  t.is((await at.request('POST', '/v1/account/deletion', { as: 'fan', body })).status, 202);
  t.deepEqual(await seen(), [404, 0]);
});

test('C4: a list of drops is a tenth of a second old at most, and hears of starts and ends', async (t) => {
  const at = await startFixture(t);
  let version = 1;
  at.actions['catalogue.drops'] = () =>
    success({ items: [{ ...drop, version }], nextCursor: null, asOf: NOW });
  const seen = async () => {
    const { json } = await at.request('GET', '/v1/drops?status=live');
    return (json['items'] as { version: number }[])[0]!.version;
  };
  t.is(await seen(), 1);
  version = 2;
  t.is(await seen(), 1);
  at.time += 100;
  t.is(await seen(), 2);
  version = 3;
  const milestone = { type: 'ended', view: drop } as const;
  at.bus.publish(STATUS_TOPIC, { type: 'milestone', milestone });
  t.is(await seen(), 3);
});

test('C2: lists of drafts and drafts are never under a shared key', async (t) => {
  const at = await startFixture(t);
  const draft = { ...drop, status: 'draft', startsAt: null, endsAt: null };
  at.actions['drafts.list'] = () => success({ items: [draft], nextCursor: null });
  at.actions['drafts.get'] = () => success(draft);
  for (const path of ['/v1/drops?status=draft', '/v1/drops/drp_1']) {
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await at.request('GET', path, { as: 'creator' });
      t.is(status, 200);
      t.is(headers.get('cache-control'), 'private, no-store');
      t.false(headers.has('cache-status'));
    }
    const stranger = await at.request('GET', path);
    t.true(stranger.status === 401 || stranger.status === 404);
  }
  t.is(callsOf(at, 'drafts.list'), 2);
  t.is(callsOf(at, 'drafts.get'), 2);
});

test('C2: a drop card says how it was served', async (t) => {
  const at = await startFixture(t);
  at.router.answer = () => success(drop);
  const first = await at.request('GET', '/v1/drops/drp_1');
  const second = await at.request('GET', '/v1/drops/drp_1');
  t.is(first.headers.get('cache-status'), 'livedrops; fwd=miss');
  t.is(second.headers.get('cache-status'), 'livedrops; hit');
  t.deepEqual(second.json, first.json);
});

test('C5: what is evicted by kind, path, creator or as a whole is read anew, and metrics count', async (t) => {
  const at = await startFixture(t);
  at.actions['catalogue.product'] = () => success(product);
  at.actions['catalogue.products'] = () => success({ items: [product], nextCursor: null });
  at.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: null, asOf: NOW });
  at.router.answer = () => success(drop);
  const paths = ['/v1/products/prd_9', '/v1/products?limit=5', '/v1/drops', '/v1/drops/drp_1'];
  /** The paths that are read anew. */
  const readAnew = async () => {
    const anew: string[] = [];
    for (const path of paths) {
      const { headers } = await at.request('GET', path);
      if (headers.get('cache-status')!.includes('fwd')) anew.push(path);
    }
    return anew;
  };
  t.deepEqual(await readAnew(), paths);
  t.deepEqual(await readAnew(), []);
  const { caches } = at.gateway;
  t.is(caches.evict({ key: '/v1/products/prd_9' }), 1);
  t.deepEqual(await readAnew(), ['/v1/products/prd_9']);
  t.is(caches.evict({ key: '/v1/products?limit=5' }), 1);
  t.deepEqual(await readAnew(), ['/v1/products?limit=5']);
  t.is(caches.evict({ kind: 'drop-lists' }), 1);
  t.deepEqual(await readAnew(), ['/v1/drops']);
  t.is(caches.evict({ kind: 'drops' }), 1);
  t.deepEqual(await readAnew(), ['/v1/drops/drp_1']);
  t.is(caches.evict({ creatorId: 'creator' }), 4);
  t.deepEqual(await readAnew(), paths);
  t.is(caches.evict({ creatorId: 'another' }), 2, 'lists may have the creator');
  t.deepEqual(await readAnew(), ['/v1/products?limit=5', '/v1/drops']);
  t.is(caches.evict({ all: true }), 4, 'each once');
  t.deepEqual(await readAnew(), paths);
  const { text } = await at.request('GET', '/metrics');
  t.regex(text, /^livedrops_cache_reads_total\{kind="products",result="miss"\} 4$/m);
  t.regex(text, /^livedrops_cache_reads_total\{kind="products",result="hit"\} \d+$/m);
  t.regex(text, /^livedrops_cache_entries\{kind="drop-lists"\} 1$/m);
});
