import { connect } from 'node:net';
import test from 'ava';
import { success } from '../../domain/refusal.ts';
import { OrderWindow } from '../../gateway/orders/order-window.ts';
import { order, startFixture } from './fixture.ts';

const BOUNDS = { slowMs: 100, countMin: 20, countMax: 200 };
const INTERVAL_MS = 50;

/** Fills the window and answers all its orders, `durationMs` each, until one adjustment. */
function adjust(window: OrderWindow, durationMs: number, at: number): void {
  let count = 0;
  while (window.enter()) count += 1;
  for (let i = 0; i < count; i++) window.leave(durationMs, at);
}

test('H6: past the window an order is refused, and each reply makes room for one', (t) => {
  const window = new OrderWindow(BOUNDS);
  const { limit } = window;
  for (let i = 0; i < limit; i++) t.true(window.enter());
  t.true(window.full);
  t.false(window.enter());
  window.leave(1, 0);
  t.true(window.enter());
  window.abandon();
  t.is(window.count, limit - 1);
});

test('H6: slow replies shrink the window to its minimum, quick ones grow it', (t) => {
  const window = new OrderWindow(BOUNDS);
  let now = 1_000;
  const limits: number[] = [];
  for (let i = 0; i < 8; i++) {
    adjust(window, 101, (now += INTERVAL_MS));
    limits.push(window.limit);
  }
  t.deepEqual(
    limits,
    limits.toSorted((a, b) => b - a),
  );
  t.is(limits.at(-1), BOUNDS.countMin);
  for (let i = 0; i < 8; i++) adjust(window, 99, (now += INTERVAL_MS));
  t.is(window.limit, BOUNDS.countMax);
});

test('H6: few slow replies change nothing, nor do quick ones while there is room', (t) => {
  const window = new OrderWindow(BOUNDS);
  const { limit } = window;
  for (let i = 0; i < limit - 1; i++) window.enter();
  for (let i = 0; i < limit - 1; i++) window.leave(i === 0 ? 500 : 1, 1_000);
  t.is(window.limit, limit);
});

test('H6: orders past the window get 503 with Retry-After; earlier ones are served', async (t) => {
  const fixture = await startFixture(t, { orderWindow: { countMin: 1, countMax: 2 } });
  fixture.router.answer = () => success({ order, replayed: false });
  fixture.router.holding = true;
  const place = (key: string) =>
    fixture.request('POST', '/v1/drops/drp_1/orders', {
      as: 'buyer',
      headers: { 'idempotency-key': key },
      body: { quantity: 1 },
    });
  const admitted = [place('a'), place('b')];
  while (fixture.router.ofType('place-order').length < 2) await new Promise(setImmediate);
  const refused = await place('c');
  t.is(refused.status, 503);
  t.is(refused.json['code'], 'overloaded');
  t.is(refused.headers.get('retry-after'), '1');
  t.is(refused.headers.get('content-type'), 'application/problem+json');
  t.truthy(refused.headers.get('traceparent'));
  fixture.router.release();
  for (const { status } of await Promise.all(admitted)) t.is(status, 201);
  t.is((await place('c')).status, 201);
});

test('H6: a crowded turn shrinks the window more than slow replies would', async (t) => {
  const window = new OrderWindow({ ...BOUNDS, countMin: 100, countMax: 400, turnArrivalsMax: 5 });
  for (let i = 0; i < 5; i++) window.arrive();
  await new Promise(setImmediate);
  t.is(window.limit, 200);
  for (let turn = 0; turn < 10; turn++) {
    for (let i = 0; i < 6; i++) window.arrive();
    await new Promise(setImmediate);
  }
  t.true(window.limit < 100);
  const crowded = window.limit;
  adjust(window, 1, 1_000);
  t.true(window.limit > crowded, 'and it opens again');
});

test('H6: requests with an incomplete body take no place', async (t) => {
  const fixture = await startFixture(t, { orderWindow: { countMin: 1, countMax: 1 } });
  fixture.router.answer = () => success({ order, replayed: false });
  const slow = connect({ port: fixture.port, host: '127.0.0.1' });
  t.teardown(() => slow.destroy());
  const head =
    'POST /v1/drops/drp_1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer valid.ann\r\n' +
    'idempotency-key: slow\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"quan';
  await new Promise<void>((resolve) => slow.write(head, () => resolve()));
  for (const key of ['a', 'b', 'c']) {
    const { status } = await fixture.request('POST', '/v1/drops/drp_1/orders', {
      as: 'buyer',
      headers: { 'idempotency-key': key },
      body: { quantity: 1 },
    });
    t.is(status, 201);
  }
});
