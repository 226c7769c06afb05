// Placing orders over real HTTP, with a fake router behind the gateway.

import test from 'ava';
import type { DropCommand } from '../../contracts/commands.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { textHash } from '../../domain/text-index.ts';
import { drop, exchangeRaw, NOW, order, startFixture } from './fixture.ts';

const ORDERS = '/v1/drops/drp_1/orders';
const KEY = { 'idempotency-key': 'k1' };

test('O1: an order is answered 201 with the order, its version and its Location', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: false });
  const reply = await fixture.request('POST', ORDERS, {
    as: 'buyer',
    headers: KEY,
    body: { quantity: 1 },
  });
  t.is(reply.status, 201);
  t.is(reply.headers.get('location'), '/v1/orders/drp_1-0');
  t.is(reply.headers.get('content-type'), 'application/json');
  t.false(reply.headers.has('idempotency-replayed'));
  t.deepEqual(reply.json, {
    id: 'drp_1-0',
    dropId: 'drp_1',
    userId: 'buyer',
    quantity: 1,
    status: 'confirmed',
    totalAmount: 1500,
    currency: 'EUR',
    createdAt: '2026-03-01T12:00:00.000Z',
    version: 3,
  });
  t.deepEqual(fixture.router.commands[0], {
    type: 'place-order',
    dropId: 'drp_1',
    userId: 'buyer',
    key: 'k1',
    quantity: 1,
  });
});

test('O3: a replayed key is 201 with the first order and Idempotency-Replayed', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: true });
  const reply = await fixture.request('POST', ORDERS, {
    as: 'buyer',
    headers: KEY,
    body: { quantity: 1 },
  });
  t.is(reply.status, 201);
  t.is(reply.headers.get('idempotency-replayed'), 'true');
  t.is(reply.json.id, 'drp_1-0');
});

test('P1: a reserved order shows its hold and the payment reference', async (t) => {
  const fixture = await startFixture(t, { paymentProvider: 'some "bank"' });
  const reserved = {
    ...order,
    userId: 'a"b\\c',
    status: 'reserved' as const,
    holdExpiresAt: NOW + 600_000,
    paymentReference: 'r"1',
    refundRequested: true,
  };
  fixture.router.answer = () => success({ order: reserved, replayed: false });
  const reply = await fixture.request('POST', ORDERS, {
    as: 'buyer',
    headers: KEY,
    body: { quantity: 1 },
  });
  t.is(reply.json.holdExpiresAt, '2026-03-01T12:10:00.000Z');
  t.deepEqual(reply.json.payment, { provider: 'some "bank"', reference: 'r"1' });
  t.is(reply.json.userId, 'a"b\\c');
  t.true(reply.json.refundRequested);
});

test('O4: a missing, long or unprintable key is 400 and a reused one 422', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => refusal('idempotency-key-reused');
  const post = (headers: Record<string, string>) =>
    fixture.request('POST', ORDERS, { as: 'buyer', headers, body: { quantity: 1 } });
  const missing = await post({});
  t.deepEqual([missing.status, missing.json.code], [400, 'idempotency-key-missing']);
  const empty = await post({ 'idempotency-key': '' });
  t.deepEqual([empty.status, empty.json.code], [400, 'idempotency-key-missing']);
  for (const key of ['x'.repeat(256), 'a b', 'käk']) {
    const wrong = await post({ 'idempotency-key': key });
    t.deepEqual([wrong.status, wrong.json.code], [400, 'invalid-request'], key);
  }
  t.is(fixture.router.commands.length, 0);
  const reused = await post({ 'idempotency-key': 'x'.repeat(255) });
  t.deepEqual([reused.status, reused.json.code], [422, 'idempotency-key-reused']);
});

test('H11: two Idempotency-Key lines are 400, also with the same key, and place nothing', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: false });
  const post = async (...lines: string[]) => {
    const head = [
      `POST ${ORDERS} HTTP/1.1`,
      'host: x',
      'Authorization: Bearer valid.buyer',
      'Content-Type: application/json',
      ...lines,
      'content-length: 14',
    ];
    return await exchangeRaw(fixture.port, [`${head.join('\r\n')}\r\n\r\n{"quantity":1}`]);
  };
  for (const lines of [
    ['Idempotency-Key: a', 'idempotency-key: b'],
    ['idempotency-key: a', 'IDEMPOTENCY-KEY: a'],
    ['idempotency-key: a', 'idempotency-key:'],
    ['idempotency-key:', 'idempotency-key: a'],
    ['idempotency-key: a', 'x-other: 1', 'idempotency-key: b', 'idempotency-key: c'],
  ]) {
    const twice = await post(...lines);
    t.deepEqual([twice.status, twice.json.code], [400, 'invalid-request'], lines.join());
  }
  t.is(fixture.router.commands.length, 0);
  const once = await post('Idempotency-Key: a', 'x-idempotency-key: b');
  t.is(once.status, 201);
  t.like(fixture.router.commands, [{ key: 'a' }]);
});

test('H2, O8: each refusal of the actor has its status, its code and the version', async (t) => {
  const fixture = await startFixture(t);
  const expected = {
    'sold-out': 409,
    'insufficient-stock': 409,
    'drop-not-live': 409,
    'drop-ended': 409,
    'limit-per-user': 409,
    'not-found': 404,
    overloaded: 503,
    unavailable: 503,
  } as const;
  for (const [code, status] of Object.entries(expected)) {
    fixture.router.answer = (command) =>
      command.type === 'place-order'
        ? { ok: false, code: code as keyof typeof expected, version: 7 }
        : refusal('not-found');
    const reply = await fixture.request('POST', ORDERS, {
      as: 'buyer',
      headers: KEY,
      body: { quantity: 1 },
    });
    t.is(reply.status, status, code);
    t.is(reply.headers.get('content-type'), 'application/problem+json');
    t.like(reply.json, { code, status, version: 7, type: `/docs#${code}` });
    t.is(typeof reply.json.title, 'string');
    t.is(reply.headers.get('retry-after'), status === 503 ? '1' : undefined);
  }
});

test('D5: an order before the start learns when that is, by the server’s clock', async (t) => {
  const fixture = await startFixture(t);
  const placedBefore = async (startsAt: number) => {
    fixture.router.answer = () => ({ ok: false, code: 'drop-not-live', version: 1, startsAt });
    const body = { quantity: 1 };
    return await fixture.request('POST', ORDERS, { as: 'buyer', headers: KEY, body });
  };
  const now = fixture.time;
  const early = await placedBefore(now + 90_000);
  t.is(early.status, 409);
  t.like(early.json, { startsAt: new Date(now + 90_000).toISOString(), serverTime: now });
  t.is(early.headers.get('retry-after'), '90');
  t.is((await placedBefore(now + 1_001)).headers.get('retry-after'), '2');
  t.is((await placedBefore(now - 5)).headers.get('retry-after'), '1');
});

test('A2: without a valid token an order is 401 and is not sent to the router', async (t) => {
  const fixture = await startFixture(t);
  for (const authorization of ['', 'Bearer ', 'Bearer nonsense', 'Basic abc', 'bearer  x.y.z']) {
    const headers = { ...KEY, authorization };
    const reply = await fixture.request('POST', ORDERS, { headers, body: { quantity: 1 } });
    t.is(reply.status, 401, authorization);
    t.is(reply.headers.get('www-authenticate'), 'Bearer');
    t.is(reply.json.code, 'unauthenticated');
  }
  t.is(fixture.router.commands.length, 0);
});

test('H1: the scheme Bearer is found in any case', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: false });
  const headers = { ...KEY, authorization: 'bEARER  valid.buyer' };
  const reply = await fixture.request('POST', ORDERS, { headers, body: { quantity: 1 } });
  t.is(reply.status, 201);
});

test('O1: a body of many pieces is joined, chunked or not', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success({ order, replayed: false });
  const head =
    `POST ${ORDERS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer valid.buyer\r\n` +
    'idempotency-key: k1\r\ncontent-type: application/json\r\n';
  const sized = await exchangeRaw(fixture.port, [
    `${head}content-length: 14\r\n\r\n{"qua`,
    'ntit',
    'y":1}',
  ]);
  t.is(sized.status, 201);
  const chunked = await exchangeRaw(fixture.port, [
    `${head}transfer-encoding: chunked\r\n\r\n`,
    '5\r\n{"qua\r\n',
    '9\r\nntity":2}\r\n0\r\n\r\n',
  ]);
  t.is(chunked.status, 201);
  const placed = fixture.router.ofType('place-order') as Extract<
    DropCommand,
    { type: 'place-order' }
  >[];
  t.deepEqual(
    placed.map(({ quantity }) => quantity),
    [1, 2],
  );
});

test('H8: an order body past 16 KiB is 413, past a mebibyte the connection ends too', async (t) => {
  const fixture = await startFixture(t);
  const large = await fixture.request('POST', ORDERS, {
    as: 'buyer',
    headers: KEY,
    body: ' '.repeat(16_385),
  });
  t.deepEqual([large.status, large.json.code], [413, 'payload-too-large']);
  const huge = await fixture.request('POST', ORDERS, {
    as: 'buyer',
    headers: KEY,
    body: ' '.repeat(1_200_000),
  });
  t.is(huge.status, 413);
  t.is(fixture.router.commands.length, 0);
});

test('H8: of an endless order body no more than a mebibyte is read', async (t) => {
  const fixture = await startFixture(t);
  const head =
    `POST ${ORDERS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer valid.buyer\r\n` +
    'idempotency-key: k1\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n';
  const endless = await exchangeRaw(fixture.port, [head, ' '.repeat(1_100_000)]);
  t.is(endless.status, 413);
  t.is(endless.headers.get('connection'), 'close');
});

test('O8: after an order the drop is never read older than the reply', async (t) => {
  const fixture = await startFixture(t);
  const { router, bus } = fixture;
  let version = 3;
  router.answer = (command) =>
    command.type === 'get-drop'
      ? success({ ...drop, version })
      : success({ order: { ...order, version: 50 }, replayed: false });
  t.is((await fixture.request('GET', '/v1/drops/drp_1')).json['version'], 3);
  const body = { quantity: 1 };
  await fixture.request('POST', ORDERS, { as: 'buyer', headers: KEY, body });
  bus.publish('drop.drp_1', { type: 'drop', view: { ...drop, version: 49 }, milestones: [] });
  version = 50;
  t.is((await fixture.request('GET', '/v1/drops/drp_1')).json['version'], 50);
});

test('H7, O6a: a durably sold-out drop is refused here; who has an order is answered by the actor', async (t) => {
  const fixture = await startFixture(t);
  const soldOut = { ...drop, sold: 10, free: 0, soldOut: true, version: 20 };
  const placed = new Set(['known']);
  const { router, bus } = fixture;
  // Only the owner of the known order is in the filter.
  const bitmap = new Uint8Array(64);
  const bit = textHash('owner', 0) & (bitmap.length * 8 - 1);
  bitmap[bit >>> 3]! |= 1 << (bit & 7);
  router.answer = (command) => {
    if (command.type === 'get-drop') return success(soldOut);
    if (command.type === 'get-order-filter') return success({ version: 20, by: 'user', bitmap });
    if (command.type === 'place-order' && placed.has(command.key)) {
      return success({ order: { ...order, version: 5 }, replayed: true });
    }
    const own = command.type === 'place-order' && command.userId === 'owner';
    return { ok: false, code: 'sold-out', version: 20, ...(own && { orderId: order.id }) };
  };
  const buy = (key: string, as = 'buyer') =>
    fixture.request('POST', ORDERS, {
      as,
      headers: { 'idempotency-key': key },
      body: { quantity: 1 },
    });
  // The actor answers the first order, and the gateway begins to watch the drop. The second order
  // makes the gateway fetch the filter.
  t.is((await buy('a')).status, 409);
  t.is((await buy('b')).status, 409);
  const asked = router.ofType('place-order').length;
  const reply = await buy('c');
  t.is(reply.status, 409);
  t.like(reply.json, { code: 'sold-out', status: 409, version: 20 });
  t.truthy(reply.headers.get('traceparent'));
  t.is(router.ofType('place-order').length, asked);
  t.is(router.ofType('get-order-filter').length, 1);
  t.false('orderId' in reply.json);
  t.is((await buy('d', 'owner')).json['orderId'], order.id);
  const replayed = await buy('known', 'owner');
  t.is(replayed.status, 201);
  t.is(replayed.headers.get('idempotency-replayed'), 'true');
  // After the restock's message, orders go to the actor again.
  bus.publish('drop.drp_1', {
    type: 'drop',
    view: { ...soldOut, stocked: 11, free: 1, soldOut: false, version: 21 },
    milestones: [],
  });
  const before = router.ofType('place-order').length;
  await buy('d');
  t.is(router.ofType('place-order').length, before + 1);
});

test('H7: while units are held the gateway does not refuse by itself', async (t) => {
  const fixture = await startFixture(t);
  const heldOut = { ...drop, sold: 9, held: 1, free: 0, soldOut: true, version: 20 };
  fixture.router.answer = (command) =>
    command.type === 'get-drop' ? success(heldOut) : { ok: false, code: 'sold-out', version: 20 };
  for (const key of ['a', 'b', 'c']) {
    const headers = { 'idempotency-key': key };
    await fixture.request('POST', ORDERS, { as: 'buyer', headers, body: { quantity: 1 } });
  }
  t.is(fixture.router.ofType('place-order').length, 3);
  t.is(fixture.router.ofType('get-order-filter').length, 0);
});

test('J4: a client that goes before its reply breaks nothing', async (t) => {
  const fixture = await startFixture(t);
  const { router } = fixture;
  router.answer = () => success({ order, replayed: false });
  router.holding = true;
  const { connect } = await import('node:net');
  const socket = connect({ port: fixture.port, host: '127.0.0.1' });
  socket.write(
    `POST ${ORDERS} HTTP/1.1\r\nhost: x\r\n` +
      'authorization: Bearer valid.buyer\r\nidempotency-key: k\r\n' +
      'content-type: application/json\r\ncontent-length: 14\r\n\r\n{"quantity":1}',
  );
  while (router.commands.length === 0) await new Promise(setImmediate);
  await new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.resetAndDestroy();
  });
  // The server has handled the reset once it has served a later connection.
  t.is((await fixture.request('GET', '/healthz')).status, 200);
  router.release();
  t.is((await fixture.request('GET', '/healthz')).status, 200);
});

test('H5: the twenty-first order of a user in a second is 429 with Retry-After', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  fixture.router.answer = () => success({ order, replayed: false });
  const buy = (as: string) =>
    fixture.request('POST', ORDERS, { as, headers: KEY, body: { quantity: 1 } });
  let limited = await buy('buyer');
  for (let i = 0; i < 20 && limited.status === 201; i++) limited = await buy('buyer');
  t.is(limited.status, 429);
  t.is(limited.json.code, 'rate-limited');
  t.is(limited.headers.get('retry-after'), '1');
  t.is(limited.headers.get('ratelimit-policy'), '"orders-user";q=20;w=1');
  t.is(limited.headers.get('ratelimit'), '"orders-user";r=0;t=1');
  t.is((await buy('another')).status, 201);
  fixture.time += 1000;
  t.is((await buy('buyer')).status, 201);
});
