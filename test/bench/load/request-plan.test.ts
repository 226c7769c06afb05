import test from 'ava';
import {
  ordersOf,
  preparedOrders,
  preparedRequests,
  type RequestPlan,
  writeKey,
} from '../../../bench/load/request-plan.ts';

const PLAN: RequestPlan = {
  host: '127.0.0.1',
  port: 8080,
  paths: ['/v1/drops/d_1/orders'],
  tokens: ['ann', 'bob', 'cleo'],
  body: '{"quantity":1}',
};

test('an order is one request with the key written into it', (t) => {
  const [request] = preparedOrders(PLAN, ['ann'], 1);
  writeKey(request!, 'run-1');
  t.is(
    request!.bytes.toString(),
    'POST /v1/drops/d_1/orders HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nauthorization: Bearer ann\r\n' +
      `content-type: application/json\r\nidempotency-key: ${'run-1'.padEnd(36, 'x')}\r\n` +
      'content-length: 14\r\n\r\n{"quantity":1}',
  );
});

test('orders of several drops go to all drops, the same in every run', (t) => {
  const paths = Array.from({ length: 50 }, (_, i) => `/v1/drops/d_${i}/orders`);
  const tokens = Array.from({ length: 200 }, (_, i) => `buyer-${i}`);
  const texts = () =>
    preparedOrders({ ...PLAN, paths }, tokens, 7).map(({ bytes }) => bytes.toString());
  const first = texts();
  t.deepEqual(texts(), first);
  for (const path of paths)
    t.true(
      first.some((text) => text.startsWith(`POST ${path} `)),
      path,
    );
  for (const token of tokens)
    t.true(
      first.some((text) => text.includes(`Bearer ${token}\r\n`)),
      token,
    );
});

test('a request without a body and a key has no headers for them', (t) => {
  const kind = { ...ordersOf(PLAN), method: 'GET', body: null, keyed: false } as const;
  const [request] = preparedRequests(PLAN, kind, 1);
  t.is(request!.keyAt, -1);
  t.is(
    request!.bytes.toString(),
    'GET /v1/drops/d_1/orders HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n' +
      'authorization: Bearer ann\r\n\r\n',
  );
});
