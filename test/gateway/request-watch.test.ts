// Which requests are held for traces, which of them are chosen, and what the access log says.

import test from 'ava';
import type { FinishedSpan } from '../../actors/tracing/span.ts';
import { Tracing } from '../../actors/tracing/tracing.ts';
import { AccessLog, type AccessLine } from '../../gateway/http/access-log.ts';
import { RouteCounts } from '../../gateway/metrics/route-counts.ts';
import {
  REQUESTS_TOGETHER_MAX,
  type WatchedRequest,
  validTracestate,
} from '../../gateway/http/request-trace.ts';
import { RequestWatch } from '../../gateway/http/request-watch.ts';
import { traceHeaderLines, traceOf } from '../../gateway/http/trace.ts';
import { ManualClock } from '../actors/manual-clock.ts';

const NOW = 1_800_000_000_000;
const ORDERS = new RouteCounts({ method: 'POST', route: '/v1/drops/{id}/orders', kind: 'orders' });
const READS = new RouteCounts({ method: 'GET', route: '/v1/drops/{id}', kind: 'reads' });
const CLIENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function start({ ratio = 0, logRatio = 1 } = {}) {
  const clock = new ManualClock(NOW);
  const spans: FinishedSpan[] = [];
  const written: AccessLine[] = [];
  const tracing = new Tracing({
    ratio,
    slow: { ordersMs: 500, readsMs: 200 },
    holdMs: 1_000,
    heldMax: 1_000,
    clock,
    spans: { room: 1_000, add: (span) => void spans.push(span) },
  });
  tracing.start();
  const write = (lines: readonly AccessLine[]) => void written.push(...lines);
  const accessLog = new AccessLog({ ratio: logRatio, write, clock });
  const watch = new RequestWatch({ tracing, accessLog });
  const request = (tookMs: number, more: Partial<WatchedRequest> = {}): WatchedRequest => ({
    lines: watch.linesOf(traceHeaderLines('', '')),
    client: null,
    counts: ORDERS,
    status: 201,
    startedAt: 0,
    endedAt: tookMs,
    submittedAt: 0,
    body: '{"a":"ä"}',
    isShed: false,
    ...more,
  });
  return { clock, spans, written, tracing, accessLog, watch, request };
}

test('L4: over its service level a request is slow, and at 5xx it failed', async (t) => {
  const { clock, spans, watch, request, tracing } = start();
  watch.orderEnded(request(500));
  watch.orderEnded(request(501));
  watch.ended(request(200, { counts: READS, status: 200 }));
  watch.ended(request(201, { counts: READS, status: 200 }));
  watch.orderEnded(request(1, { status: 503 }));
  watch.orderEnded(request(1, { status: 409 }));
  await clock.advance(3_000);
  t.deepEqual(
    spans.map(({ name, endMs, error }) => [name, endMs - NOW, error]),
    [
      ['POST /v1/drops/{id}/orders', 501, null],
      ['GET /v1/drops/{id}', 201, null],
      ['POST /v1/drops/{id}/orders', 1, '503'],
    ],
  );
  t.deepEqual(tracing.sample().chosen, { slow: 2, failed: 1 });
});

test('L4: refusals as overloaded leave room for what is slow', async (t) => {
  const { clock, spans, watch, request, tracing } = start();
  for (let i = 0; i < 5_000; i++) watch.orderEnded(request(1, { status: 503, isShed: true }));
  watch.orderEnded(request(900));
  t.is(tracing.sample().held, REQUESTS_TOGETHER_MAX);
  await clock.advance(3_000);
  t.is(spans.length, 1);
  t.deepEqual(tracing.sample().chosen, { slow: 1, failed: 0 });
});

test('L4: a client begins the trace, but does not choose it', async (t) => {
  const { clock, spans, watch, request } = start();
  const lines = watch.linesOf(traceHeaderLines(CLIENT, 'req-1'));
  t.regex(lines, /^traceparent: 00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00\r\n/);
  const client = { traceparent: CLIENT, tracestate: 'shop=1' };
  watch.orderEnded(request(1, { lines, client }));
  await clock.advance(3_000);
  t.deepEqual(spans, []);
  watch.orderEnded(request(600, { lines, client }));
  await clock.advance(3_000);
  t.like(spans[0], { parentId: 'b7ad6b7169203331', tracestate: 'shop=1' });
  t.is(spans[0]!.attributes['livedrops.request_id'], 'req-1');
});

test('L4: where the ratio is 1 every reply says so, and hot reads have spans', async (t) => {
  const { clock, spans, watch, request } = start({ ratio: 1 });
  const lines = watch.linesOf(traceHeaderLines('', ''));
  t.regex(lines, /^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\nx-request-id: [0-9a-f]{16}$/);
  t.is(traceOf(`${lines}\r\nvary: origin`).requestId, traceOf(lines).requestId);
  watch.hotReadEnded(request(0.1, { lines, counts: READS, status: 304 }));
  await clock.advance(3_000);
  t.is(spans.length, 1);
});

test('H4: a tracestate is taken up whole, or not at all', (t) => {
  t.is(validTracestate('shop=1, other@vendor=x y '), 'shop=1,other@vendor=x y');
  for (const not of [
    '',
    'Shop=1',
    'shop',
    'shop=1,=2',
    'shop=ä',
    `shop=${'x'.repeat(600)}`,
    Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(','),
  ])
    t.is(validTracestate(not), '', not);
});

test('the access log has a line for each request of its share, with no address', async (t) => {
  const { clock, written, watch, request } = start();
  const one = request(4.25);
  watch.orderEnded(one);
  t.deepEqual(written, []);
  await clock.advance(250);
  const { traceparent, requestId } = traceOf(one.lines);
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  t.deepEqual(written, [
    {
      method: 'POST',
      route: '/v1/drops/{id}/orders',
      status: 201,
      durationMs: 4.25,
      bytes: 10,
      requestId,
      traceId,
      spanId,
      at: NOW + 4,
    },
  ]);
  const few = start({ logRatio: 0.1 });
  for (let i = 0; i < 1_000; i++) few.watch.orderEnded(few.request(1));
  few.accessLog.flush();
  t.true(few.written.length > 50 && few.written.length < 150, String(few.written.length));
});

test('the access log is bounded: what finds no room is dropped and counted', (t) => {
  const { written, accessLog, watch, request } = start();
  for (let i = 0; i < 20_010; i++) watch.orderEnded(request(1));
  t.is(accessLog.dropped, 10);
  accessLog.flush();
  t.is(written.length, 20_000);
});
