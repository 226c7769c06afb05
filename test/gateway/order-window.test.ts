import { connect } from 'node:net';
import test from 'ava';
import { success } from '../../domain/refusal.ts';
import { createWindowMemory, orderLane, OrderWindow } from '../../gateway/orders/order-window.ts';
import { order, startFixture } from './fixture.ts';

const BOUNDS = { slowMs: 100, countMin: 20, countMax: 200 };
const INTERVAL_MS = 50;
const LANE = orderLane('drp_1');
const OTHER_LANE = LANE + 1;

/** Fills the window and answers all its orders, `durationMs` each, until one adjustment. */
function adjust(window: OrderWindow, durationMs: number, at: number): void {
  let count = 0;
  while (window.enter(LANE, at)) count += 1;
  for (let i = 0; i < count; i++) window.leave(LANE, durationMs, at);
}

test('H6: past the window an order is refused, and each reply makes room for one', (t) => {
  const window = new OrderWindow(BOUNDS);
  const { limit } = window;
  for (let i = 0; i < limit; i++) t.true(window.enter(LANE, 0));
  t.true(window.isFull(0));
  t.false(window.enter(LANE, 0));
  window.leave(LANE, 1, 0);
  t.true(window.enter(LANE, 0));
  window.abandon(LANE);
  t.is(window.count, limit - 1);
});

test('H6: threads have one window, whose places and limit are those of all of them', (t) => {
  const memory = createWindowMemory((bytes) => new SharedArrayBuffer(bytes));
  const [one, other] = [
    new OrderWindow({ ...BOUNDS, memory }),
    new OrderWindow({ ...BOUNDS, memory }),
  ];
  const alone = new OrderWindow(BOUNDS);
  let now = 1_000;
  const turn = (at: number): OrderWindow => (at % 2 === 0 ? one : other);
  for (let round = 0; round < 40; round++) {
    const durationMs = round % 5 < 2 ? 101 : 1;
    const entered: number[] = [];
    for (let at = 0; at < 300; at++) {
      const lane = LANE + (at % 3);
      const has = turn(at).enter(lane, now);
      t.is(has, alone.enter(lane, now));
      if (has) entered.push(lane);
    }
    now += INTERVAL_MS;
    // Whoever took a place, anybody's reply frees it.
    for (const [at, lane] of entered.entries()) {
      turn(at + round).leave(lane, durationMs, now);
      alone.leave(lane, durationMs, now);
    }
    t.deepEqual([one.limit, one.count], [alone.limit, alone.count], String(round));
    t.is(other.limit, one.limit);
  }
  t.is(other.count, 0);
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
  for (let i = 0; i < limit - 1; i++) window.enter(LANE, 1_000);
  for (let i = 0; i < limit - 1; i++) window.leave(LANE, i === 0 ? 500 : 1, 1_000);
  t.is(window.limit, limit);
});

test('H6a: orders of a lane without replies fill the window for 200 ms at most', (t) => {
  const window = new OrderWindow(BOUNDS);
  const { limit } = window;
  for (let i = 0; i < limit; i++) window.enter(LANE, 1_000);
  t.false(window.enter(OTHER_LANE, 1_199));
  t.false(window.enter(OTHER_LANE, 1_200 + INTERVAL_MS - 2));
  t.true(window.enter(OTHER_LANE, 1_200 + INTERVAL_MS));
  t.is(window.count, limit + 1);
  // The stalled lane itself is full.
  t.false(window.enter(LANE, 2_000));
  for (let i = 1; i < limit; i++) t.true(window.enter(OTHER_LANE, 2_000));
  t.false(window.enter(OTHER_LANE, 2_000));
});

test('H6: orders that waited in a stall do not shrink the window, and count again after it', (t) => {
  const window = new OrderWindow(BOUNDS);
  const { limit } = window;
  for (let i = 0; i < limit; i++) window.enter(LANE, 1_000);
  t.false(window.isFull(1_200));
  for (let i = 0; i < limit / 2; i++) window.leave(LANE, 10_000, 11_000);
  t.is(window.limit, limit);
  t.is(window.count, limit / 2);
  for (let i = 0; i < limit / 2; i++) t.true(window.enter(LANE, 11_000));
  t.false(window.enter(LANE, 11_000));
  adjust(window, 1, 11_000);
  for (let i = 0; i < limit / 2; i++) window.abandon(LANE);
});

test('H6: stalled lanes together have a bound', (t) => {
  const window = new OrderWindow({ ...BOUNDS, countMin: 20, countMax: 60 });
  let admitted = 0;
  for (let lane = 0; lane < 10; lane++) {
    for (let i = 0; i < 100; i++) if (window.enter(lane, 1_000 + lane * 500)) admitted += 1;
  }
  // The lanes that are stalled, and one window beside them.
  t.true(admitted <= 60 + window.limit, String(admitted));
  t.is(window.count, admitted);
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
