// Every route but the order path over real HTTP, with fakes behind it.

import test from 'ava';
import type { CreateDrop } from '../../contracts/commands.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { InvalidCursorError } from '../../storage/ports/page.ts';
import { drop, NOW, order, startFixture } from './fixture.ts';

const product = {
  id: 'prd_1',
  creatorId: 'creator',
  name: 'Shoe',
  description: '',
  imageUrls: [],
  createdAt: NOW,
  revision: 4,
};
const newDrop = {
  startsAt: '2026-03-01T13:00:00+01:00',
  endsAt: '2026-03-02T12:00:00Z',
  stock: 100,
  unitAmount: 1500,
  currency: 'EUR',
};

test('D1: a drop is created with its defaults, and times of any offset', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success(drop);
  const reply = await fixture.request('POST', '/v1/products/prd_1/drops', {
    as: 'creator',
    body: newDrop,
  });
  t.is(reply.status, 201);
  t.is(reply.headers.get('location'), '/v1/drops/drp_1');
  t.like(reply.json, { id: 'drp_1', free: 9, version: 3, endsAt: '2026-03-01T13:00:00.000Z' });
  const created = fixture.router.ofType('create-drop')[0] as CreateDrop;
  const { id, ...terms } = created.terms;
  t.is(id, created.dropId);
  t.is(created.stock, 100);
  t.deepEqual(terms, {
    productId: 'prd_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: Date.parse('2026-03-02T12:00:00Z'),
    unitAmount: 1500,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: 600,
    payment: 'instant',
  });
});

test('A2: users’ ids in paths and queries may be any id that a token may have', async (t) => {
  const user = { userId: 'auth0|12', roles: [], expiresAt: NOW / 1000 + 900 };
  const fixture = await startFixture(t, { verifyToken: () => user });
  fixture.actions['products.add'] = () => success(product);
  fixture.actions['follows.isFollowing'] = () => success(true);
  const made = await fixture.request('POST', '/v1/creators/auth0%7C12/products', {
    as: 'anybody',
    body: { name: 'Shoe' },
  });
  t.is(made.status, 201);
  for (const [written, id] of [
    ['a@b.c', 'a@b.c'],
    ['a%2Fb%25', 'a/b%'],
    ['x'.repeat(128), 'x'.repeat(128)],
  ] as const) {
    await fixture.request('GET', `/v1/users/${written}`);
    t.is(fixture.calls.at(-1)?.params['userId'], id);
    await fixture.request('GET', `/v1/follows?user_id=${written}&creator_id=${written}`);
    t.deepEqual(fixture.calls.at(-1)?.params, { userId: id, creatorId: id });
  }
  const count = fixture.calls.length;
  for (const written of ['a%20b', '%C3%A4', '%', '%7', '%FF', '%00', 'x'.repeat(129)]) {
    t.is((await fixture.request('GET', `/v1/users/${written}`)).status, 404, written);
  }
  t.is(fixture.calls.length, count);
});

test('H8: wrong drops are 422, name the field, and call no service', async (t) => {
  const fixture = await startFixture(t);
  const wrong: [string, object][] = [
    ['endsAt', { endsAt: '2026-03-01T11:00:00Z' }],
    ['endsAt', { startsAt: '2026-03-03T00:00:00Z' }],
    ['endsAt', { endsAt: '2028-03-01T11:00:00Z' }],
    ['endsAt', { endsAt: '2026-06-30T23:59:60Z' }],
    ['startsAt', { startsAt: '2026-02-30T00:00:00Z' }],
    ['startsAt', { startsAt: NOW }],
    ['stock', { stock: 0 }],
    ['stock', { stock: 10_000_001 }],
    ['stock', { stock: 1.5 }],
    ['stock', { stock: '5' }],
    ['unitAmount', { unitAmount: -1 }],
    ['unitAmount', { unitAmount: 100_000_000_001 }],
    ['currency', { currency: 'XYZ' }],
    ['currency', { currency: 'eur' }],
    ['currency', { currency: 'HRK' }],
    ['currency', { currency: 'XAU' }],
    ['currency', { currency: 978 }],
    ['limitPerUser', { limitPerUser: 0 }],
    ['holdSeconds', { holdSeconds: 86_401 }],
    ['payment', { payment: 'card' }],
    ['colour', { colour: 'red' }],
  ];
  for (const [field, change] of wrong) {
    const body = { ...newDrop, ...change };
    const reply = await fixture.request('POST', '/v1/products/prd_1/drops', {
      as: 'creator',
      body,
    });
    t.is(reply.status, 422, JSON.stringify(change));
    t.is(reply.json['code'], 'invalid-request');
    t.true(String(reply.json['detail']).startsWith(`${field}:`), String(reply.json['detail']));
  }
  const { stock: _, ...incomplete } = newDrop;
  const missing = await fixture.request('POST', '/v1/products/prd_1/drops', {
    as: 'creator',
    body: incomplete,
  });
  t.is(missing.json['detail'], 'stock: is missing.');
  t.is(fixture.router.commands.length, 0);
});

test('S4, D3: a change goes to the drop with its caller', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ ...drop, stocked: 15, free: 14, version: 4 });
  const reply = await fixture.request('PATCH', '/v1/drops/drp_1', {
    as: 'boss+operator',
    body: { addStock: 5, endsAt: '2026-03-01T13:00:00Z' },
  });
  t.is(reply.status, 200);
  t.like(reply.json, { stocked: 15, version: 4 });
  t.deepEqual(fixture.router.ofType('amend-drop')[0] as unknown, {
    type: 'amend-drop',
    dropId: 'drp_1',
    caller: { userId: 'boss', operator: true },
    endsAt: NOW + 3_600_000,
    addStock: 5,
    mayExtend: true,
  });
  for (const body of [{}, { addStock: 0 }, { addStock: 1.5 }, { stock: 0 }]) {
    const wrong = await fixture.request('PATCH', '/v1/drops/drp_1', { as: 'creator', body });
    t.is(wrong.status, 422, JSON.stringify(body));
  }
  t.is(fixture.router.ofType('amend-drop').length, 1);
});

test('H10: a drop has an ETag of its version, and a matching If-None-Match is 304', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success(drop);
  const first = await fixture.request('GET', '/v1/drops/drp_1');
  t.is(first.status, 200);
  t.is(first.headers.get('etag'), 'W/"3-live"');
  t.is(first.headers.get('cache-control'), 'public, no-cache');
  for (const tag of ['W/"3-live"', '"3-live"', '"x", W/"3-live"', '*']) {
    const again = await fixture.request('GET', '/v1/drops/drp_1', {
      headers: { 'if-none-match': tag },
    });
    t.is(again.status, 304, tag);
    t.is(again.text, '');
    t.is(again.headers.get('etag'), 'W/"3-live"');
  }
  const other = await fixture.request('GET', '/v1/drops/drp_1', {
    headers: { 'if-none-match': '"2-live"' },
  });
  t.is(other.status, 200);
});

test('H10: HEAD gives the head of GET', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success(drop);
  const get = await fixture.request('GET', '/v1/drops/drp_1');
  const head = await fixture.request('HEAD', '/v1/drops/drp_1');
  t.is(head.status, 200);
  t.is(head.headers.get('content-length'), get.headers.get('content-length'));
  t.is(head.headers.get('etag'), get.headers.get('etag'));
});

test('H3: lists take limit and cursor, and refuse other parameters', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: 'abc' });
  const page = await fixture.request(
    'GET',
    '/v1/drops?status=live&creator_id=creator&limit=7&cursor=x%2By',
  );
  t.is(page.status, 200);
  t.is(page.json['nextCursor'], 'abc');
  t.deepEqual(fixture.calls[0]?.params, {
    status: 'live',
    creatorId: 'creator',
    page: { limit: 7, cursor: 'x+y' },
  });
  t.truthy(page.headers.get('etag'));
  const wrong = [
    'limit=0',
    'limit=101',
    'limit=x',
    'limit=1e1',
    'limit=5&limit=6',
    'page=2',
    'cursor=',
    'status=soon',
    'cursor=%FF',
    '__proto__=1',
  ];
  for (const query of wrong) {
    const reply = await fixture.request('GET', `/v1/drops?${query}`);
    t.deepEqual([reply.status, reply.json['code']], [400, 'invalid-request'], query);
  }
  t.is(fixture.calls.length, 1);
});

test('H3: a cursor of another list is 400', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['orders.list'] = () => {
    throw new InvalidCursorError('not mine');
  };
  const thrown = await fixture.request('GET', '/v1/orders?cursor=abc', { as: 'buyer' });
  t.deepEqual([thrown.status, thrown.json['code']], [400, 'invalid-request']);
  fixture.actions['orders.list'] = () => refusal('invalid-request');
  const refused = await fixture.request('GET', '/v1/orders?cursor=abc', { as: 'buyer' });
  t.is(refused.status, 400);
});

test('O9: a user reads their own order, and the actor gets that user', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = (command) =>
    command.type === 'get-order' && command.userId === 'buyer'
      ? success(order)
      : refusal('not-found');
  const mine = await fixture.request('GET', '/v1/orders/drp_1-0', { as: 'buyer' });
  t.is(mine.status, 200);
  t.is(mine.json['id'], 'drp_1-0');
  t.is(mine.headers.get('cache-control'), 'no-store');
  t.is((await fixture.request('GET', '/v1/orders/drp_1-0', { as: 'other' })).status, 404);
  const asked = fixture.router.commands.length;
  for (const id of ['drp_1', 'drp_1-00', 'drp_1-Z', 'a-b-c', '-1']) {
    t.is((await fixture.request('GET', `/v1/orders/${id}`, { as: 'buyer' })).status, 404, id);
  }
  t.is(fixture.router.commands.length, asked);
});

test('O9: a list of own orders shows each as its own page does', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['orders.list'] = () =>
    success({ items: [order, { ...order, id: 'drp_1-1' }], nextCursor: null });
  const page = await fixture.request('GET', '/v1/orders', { as: 'buyer' });
  const items = page.json['items'] as { id: string }[];
  t.deepEqual(
    items.map(({ id }) => id),
    ['drp_1-0', 'drp_1-1'],
  );
  t.is(page.json['nextCursor'], null);
});

test('O12: cancel and refund go to the order’s drop', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ ...order, status: 'cancelled' });
  const cancelled = await fixture.request('POST', '/v1/orders/drp_1-0/cancel', { as: 'buyer' });
  t.deepEqual([cancelled.status, cancelled.json['status']], [200, 'cancelled']);
  await fixture.request('POST', '/v1/orders/drp_1-0/refund', { as: 'boss+operator' });
  t.deepEqual(fixture.router.commands as unknown[], [
    {
      type: 'cancel-order',
      dropId: 'drp_1',
      orderId: 'drp_1-0',
      caller: { userId: 'buyer', operator: false },
    },
    {
      type: 'refund-order',
      dropId: 'drp_1',
      orderId: 'drp_1-0',
      caller: { userId: 'boss', operator: true },
      restock: true,
    },
  ]);
});

test('O12a: what is to be refunded reaches the order’s drop, and nothing else does', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () =>
    success({ ...order, refundedAmount: 500, refundedQuantity: 1, version: 9 });
  const post = (body: object) =>
    fixture.request('POST', '/v1/orders/drp_1-0/refund', { as: 'boss', body });
  const details = { amount: 500, quantity: 1, restock: false, reason: 'Eine fehlte.' };
  const refunded = await post(details);
  t.is(refunded.status, 200);
  t.like(refunded.json, { refundedAmount: 500, refundedQuantity: 1 });
  t.like(fixture.router.commands, [{ type: 'refund-order', ...details }]);
  t.is((await post({})).status, 200);
  t.like(fixture.router.commands[1], { type: 'refund-order', restock: true });
  for (const body of [
    { amount: 0 },
    { amount: 1.5 },
    { amount: '5' },
    { amount: 2 ** 53 },
    { quantity: 0 },
    { quantity: 1_001 },
    { restock: 'no' },
    { reason: '' },
    { reason: 'a\nb' },
    { reason: 'x'.repeat(201) },
    { reason: null },
    { other: 1 },
  ])
    t.is((await post(body)).status, 422, JSON.stringify(body));
  t.is(fixture.router.commands.length, 2);
});

test('D1: a creator adds products only for themselves', async (t) => {
  const fixture = await startFixture(t);
  const own = await fixture.request('POST', '/v1/creators/creator/products', {
    as: 'creator',
    body: { name: 'Shoe' },
  });
  t.is(own.status, 201);
  t.is(own.headers.get('location'), `/v1/products/${String(own.json['id'])}`);
  t.deepEqual(Object.keys(own.json), [
    'id',
    'creatorId',
    'name',
    'description',
    'imageUrls',
    'createdAt',
    'revision',
  ]);
  const others = await fixture.request('POST', '/v1/creators/creator/products', {
    as: 'buyer',
    body: { name: 'Shoe' },
  });
  t.deepEqual([others.status, others.json['code']], [403, 'forbidden']);
});

test('A1: registering returns tokens, and its problems name the rules', async (t) => {
  const fixture = await startFixture(t);
  const user = {
    id: 'u',
    name: 'Ann',
    followerCount: 0,
    followingCount: 0,
    createdAt: NOW,
    email: 'a@b.c',
    roles: [],
  };
  fixture.actions['accounts.register'] = () =>
    success({ user, accessToken: 'x', refreshToken: 'y', expiresIn: 900 });
  const body = { email: 'a@b.c', password: 'long enough', name: 'Ann' };
  const reply = await fixture.request('POST', '/v1/auth/register', { body });
  t.is(reply.status, 201);
  t.like(reply.json, { accessToken: 'x', refreshToken: 'y', expiresIn: 900 });
  t.is(reply.headers.get('cache-control'), 'no-store');
  for (const change of [
    { email: 'no' },
    { password: 'short' },
    { name: ' ' },
    { name: 'a\u0000b' },
    { name: '\ud800' },
  ]) {
    const wrong = await fixture.request('POST', '/v1/auth/register', {
      body: JSON.stringify({ ...body, ...change }),
    });
    t.is(wrong.status, 422, JSON.stringify(change));
  }
  t.is(fixture.calls.length, 1);
});

test('A3: log-ins of one address are limited', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  fixture.actions['accounts.login'] = () => refusal('unauthenticated');
  const body = { email: 'a@b.c', password: 'x' };
  let reply = await fixture.request('POST', '/v1/auth/login', { body });
  for (let i = 0; i < 20 && reply.status === 401; i++) {
    reply = await fixture.request('POST', '/v1/auth/login', { body });
  }
  t.is(reply.status, 429);
  t.true(Number(reply.headers.get('retry-after')) >= 1);
  t.is(reply.headers.get('ratelimit-policy'), '"log-ins-address";q=20;w=60');
  t.is(fixture.calls[0]?.params['address'], '127.0.0.1');
});

test('H5: guessing tokens is limited by address, good tokens are not', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  fixture.actions['orders.list'] = () => success({ items: [], nextCursor: null });
  const headers = { authorization: 'Bearer wrong' };
  let reply = await fixture.request('GET', '/v1/orders', { headers });
  for (let i = 0; i < 30 && reply.status === 401; i++) {
    reply = await fixture.request('GET', '/v1/orders', { headers });
  }
  t.is(reply.status, 429);
  t.is((await fixture.request('GET', '/v1/orders', { as: 'buyer' })).status, 200);
});

test('P2: the webhook gets the exact bytes and the three headers', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['payments.webhook'] = () => success(null);
  const body = ' {"type" : "payment.succeeded"}\n';
  const headers = { 'webhook-id': 'w1', 'webhook-timestamp': '17', 'webhook-signature': 'v1,abc' };
  const reply = await fixture.request('POST', '/v1/payments/webhook', { headers, body });
  t.is(reply.status, 200);
  const params = fixture.calls[0]!.params;
  t.like(params, { id: 'w1', timestamp: '17', signature: 'v1,abc' });
  t.is(Buffer.from(params['body'] as Uint8Array).toString(), body);
  fixture.actions['payments.webhook'] = () => refusal('unauthenticated');
  t.is((await fixture.request('POST', '/v1/payments/webhook', { body: 'x' })).status, 401);
});

test('F1, F2: following is 204, and lists are paged', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['follows.follow'] = () => success(null);
  fixture.actions['follows.unfollow'] = () => success(null);
  fixture.actions['follows.isFollowing'] = () => success(true);
  fixture.actions['follows.followers'] = () =>
    success({ items: [{ userId: 'u', name: 'Ann', since: NOW }], nextCursor: null });
  const followed = await fixture.request('POST', '/v1/creators/c/follow', { as: 'u' });
  t.is(followed.status, 204);
  t.false(followed.headers.has('content-length'));
  t.is((await fixture.request('DELETE', '/v1/creators/c/follow', { as: 'u' })).status, 204);
  const followers = await fixture.request('GET', '/v1/creators/c/followers?limit=1');
  t.deepEqual(followers.json['items'], [
    { userId: 'u', name: 'Ann', since: '2026-03-01T12:00:00.000Z' },
  ]);
  const following = await fixture.request('GET', '/v1/follows?user_id=u&creator_id=c');
  t.deepEqual(following.json, { following: true });
  t.is((await fixture.request('GET', '/v1/follows?user_id=u')).status, 400);
});

test('N1: the feed has its unread count, and marks are 204', async (t) => {
  const fixture = await startFixture(t);
  const one = {
    id: '5',
    userId: 'u',
    type: 'order.confirmed',
    data: { orderId: 'x' },
    createdAt: NOW,
    readAt: null,
  };
  fixture.actions['notifications.list'] = () =>
    success({ items: [one], nextCursor: null, unreadCount: 3 });
  fixture.actions['notifications.markRead'] = () => success(null);
  fixture.actions['notifications.markAllRead'] = () => success(null);
  const feed = await fixture.request('GET', '/v1/notifications?unread=true', { as: 'u' });
  t.deepEqual(feed.json, {
    items: [
      {
        id: '5',
        type: 'order.confirmed',
        data: { orderId: 'x' },
        createdAt: '2026-03-01T12:00:00.000Z',
        readAt: null,
      },
    ],
    nextCursor: null,
    unreadCount: 3,
  });
  t.like(fixture.calls[0]?.params, { userId: 'u', unread: true });
  t.is((await fixture.request('POST', '/v1/notifications/5/read', { as: 'u' })).status, 204);
  t.is(
    (await fixture.request('POST', '/v1/notifications/read-all', { as: 'u', body: {} })).status,
    204,
  );
  const readAll = async (body?: unknown) => {
    const path = '/v1/notifications/read-all';
    const { status } = await fixture.request('POST', path, { as: 'u', ...(body ? { body } : {}) });
    return [status, (fixture.calls.at(-1)!.params as { upTo?: string }).upTo];
  };
  t.deepEqual(await readAll(), [204, undefined]);
  t.deepEqual(await readAll({ upTo: '5' }), [204, '5']);
  t.is((await readAll({ upTo: 'five' }))[0], 422);
  t.is((await readAll({ upto: '5' }))[0], 422);
});

test('A1: /me has e-mail and roles; a profile has neither', async (t) => {
  const fixture = await startFixture(t);
  const own = {
    id: 'u',
    name: 'Ann',
    followerCount: 1,
    followingCount: 2,
    createdAt: NOW,
    email: 'a@b.c',
    roles: ['creator'],
  };
  fixture.actions['accounts.me'] = () => success(own);
  fixture.actions['accounts.profile'] = () => success(own);
  const me = await fixture.request('GET', '/v1/users/me', { as: 'u' });
  t.like(me.json, { id: 'u', email: 'a@b.c', roles: ['creator'] });
  const profile = await fixture.request('GET', '/v1/users/u');
  t.deepEqual(Object.keys(profile.json), [
    'id',
    'name',
    'followerCount',
    'followingCount',
    'createdAt',
  ]);
  t.is((await fixture.request('GET', '/v1/users/me')).status, 401);
});
