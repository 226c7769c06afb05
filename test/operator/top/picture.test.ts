// What `livedrops top` makes of two looks: rates, percentiles, order of rows, and alarms (X7).

import test from 'ava';
import { parseExposition } from '../../../operator/top/exposition.ts';
import { pictureOf } from '../../../operator/top/picture.ts';
import { dropOf, lookOf, nodeOf, shardOf } from './pictures.ts';

const ORDERS = 'method="POST",route="/v1/drops/{id}/orders",status="2xx"';
const DURATION = 'livedrops_http_request_duration_seconds';

function durations(counts: readonly [string, number][], labels = ORDERS): string {
  const buckets = counts.map(([le, n]) => `${DURATION}_bucket{le="${le}",${labels}} ${n}\n`);
  return `${buckets.join('')}${DURATION}_count{${labels}} ${counts.at(-1)![1]}\n`;
}

const alarmsOf = (before: string, after: string) =>
  pictureOf(lookOf(0, { a: before }), lookOf(1_000, { a: after })).alarms.map(({ name }) => name);

test('X7: the text of Prometheus is read, with escapes, exemplars and comments', (t) => {
  const text =
    '# HELP a Text.\n# TYPE a counter\na{b="x\\"y\\\\z",le="+Inf"} 3 1700000000\nc 1.5e3\n' +
    'd_bucket{le="1"} 2 # {trace_id="f"} 0.5\n\n# EOF\n';
  t.deepEqual(parseExposition(text), [
    { name: 'a', labels: { b: 'x"y\\z', le: '+Inf' }, value: 3 },
    { name: 'c', labels: {}, value: 1_500 },
    { name: 'd_bucket', labels: { le: '1' }, value: 2 },
  ]);
});

test('X7: rates are of all nodes in both looks; a process that began again counts from 0', (t) => {
  const placed = (n: number) => `livedrops_orders_placed_total ${n}\n`;
  const before = lookOf(0, { a: placed(100), b: placed(500), gone: placed(9) });
  const after = lookOf(2_000, { a: placed(160), b: placed(40), late: placed(1_000) });
  t.is(pictureOf(before, after).rates.placed, (60 + 40) / 2);
});

test('X7: percentiles are of what came between the looks, spread evenly in their bucket', (t) => {
  const edges = (...counts: [number, number, number, number]): [string, number][] => [
    ['0.01', counts[0]],
    ['0.02', counts[1]],
    ['0.1', counts[2]],
    ['+Inf', counts[3]],
  ];
  const before = lookOf(0, { a: durations(edges(1_000, 1_000, 1_000, 1_000)) });
  const after = lookOf(1_000, { a: durations(edges(1_050, 1_090, 1_100, 1_100)) });
  const { latencies, rates } = pictureOf(before, after);
  const orders = latencies.find(({ of }) => of === 'orders')!.seconds!;
  t.is(rates.orders, 100);
  t.is(orders.p50, 0.01);
  t.true(Math.abs(orders.p95 - 0.06) < 1e-9, String(orders.p95));
  t.true(Math.abs(orders.p99 - 0.092) < 1e-9, String(orders.p99));
  t.is(latencies.find(({ of }) => of === 'other requests')!.seconds, null);
  const past = lookOf(2_000, { a: durations(edges(1_050, 1_090, 1_100, 1_200)) });
  t.is(pictureOf(after, past).latencies[0]!.seconds!.p50, 0.1, 'no more is known past the edges');
});

test('X7: refusals by code, drops by how fast they go, shards that are amiss first', (t) => {
  const refused = (soldOut: number, limit: number) =>
    `livedrops_http_refusals_total{of="orders",code="sold-out"} ${soldOut}\n` +
    `livedrops_http_refusals_total{of="orders",code="limit-per-user"} ${limit}\n` +
    'livedrops_http_refusals_total{of="others",code="not-found"} 7\n';
  const before = lookOf(
    0,
    { a: refused(0, 0) },
    { drops: [dropOf('d_1', 9, 9), dropOf('d_2', 9, 9)] },
  );
  const after = lookOf(
    1_000,
    { a: refused(3, 8) },
    {
      drops: [dropOf('d_1', 9, 8), dropOf('d_2', 12, 7), dropOf('d_3', 5, 1)],
      shards: [
        shardOf(0),
        shardOf(1, { ordersPerSecond: 5 }),
        shardOf(2, { waiting: 90 }),
        shardOf(3, { status: 'damaged' }),
      ],
    },
  );
  const picture = pictureOf(before, after);
  t.deepEqual(picture.refusals, [
    { code: 'limit-per-user', perSecond: 8 },
    { code: 'sold-out', perSecond: 3 },
  ]);
  t.deepEqual(
    picture.drops.map(({ id, perSecond }) => [id, perSecond]),
    [
      ['d_2', 5],
      ['d_1', 1],
      ['d_3', 0],
    ],
  );
  t.deepEqual(
    picture.shards.map(({ shard }) => shard),
    [3, 2, 1],
  );
});

test('X7: consumers by their lag, and jobs that wait, of the whole store', (t) => {
  const text =
    'livedrops_relay_lag_seconds{consumer="payments"} 0\n' +
    'livedrops_relay_lag_seconds{consumer="projections"} 2.5\n' +
    'livedrops_relay_facts_waiting{consumer="projections"} 7\n' +
    'livedrops_relay_entries_behind{consumer="projections"} 3\n' +
    'livedrops_jobs{kind="export-orders",state="queued"} 4\n' +
    'livedrops_jobs{kind="export-orders",state="done"} 40\n' +
    'livedrops_jobs{kind="send-mail",state="done"} 40\n' +
    'livedrops_refunds{state="parked"} 2\n';
  const { consumers, jobs, parkedRefunds } = pictureOf(
    lookOf(0, { a: text, b: text }),
    lookOf(1_000, { a: text, b: text }),
  );
  t.deepEqual(consumers[0], { consumer: 'projections', waiting: 20, lagSeconds: 2.5 });
  t.deepEqual(jobs, [{ kind: 'export-orders', queued: 4, running: 0, overdueSeconds: 0 }]);
  t.is(parkedRefunds, 2);
});

test('X7: each alarm is told when its threshold is passed, and not before', (t) => {
  const requests = (failed: number, slow: number, all: number) =>
    `livedrops_service_requests_total{kind="orders"} ${all}\n` +
    `livedrops_service_failures_total{kind="orders"} ${failed}\n` +
    `livedrops_service_slow_total{kind="orders"} ${slow}\n`;
  const none = requests(0, 0, 0);
  t.deepEqual(alarmsOf(none, requests(10, 250, 1_000)), []);
  t.deepEqual(alarmsOf(none, requests(11, 251, 1_000)), ['orders-fail', 'orders-slow']);
  t.deepEqual(alarmsOf(none, requests(9, 9, 10)), [], 'ten requests say nothing');
  for (const [right, wrong, name] of [
    ['livedrops_node_ready 1', 'livedrops_node_ready 0', 'node-not-ready'],
    ['livedrops_redis_weak 0', 'livedrops_redis_weak 1', 'redis-weak'],
    ['livedrops_nats_connected 1', 'livedrops_nats_connected 0', 'nats-away'],
    [
      'livedrops_shards_without_owner 0',
      'livedrops_shards_without_owner 1',
      'shards-without-owner',
    ],
    ['livedrops_drops_quarantined 0', 'livedrops_drops_quarantined 1', 'drops-quarantined'],
    ['livedrops_clock_skew_seconds -0.4', 'livedrops_clock_skew_seconds -0.6', 'clock-wrong'],
    ['livedrops_search_lag_seconds 10', 'livedrops_search_lag_seconds 11', 'search-behind'],
    [
      'livedrops_shards{status="damaged"} 0',
      'livedrops_shards{status="damaged"} 1',
      'shards-damaged',
    ],
    [
      'livedrops_refunds{state="parked"} 0',
      'livedrops_refunds{state="parked"} 1',
      'refunds-parked',
    ],
    [
      'livedrops_payment_problems{kind="disputed",open="false"} 1',
      'livedrops_payment_problems{kind="disputed",open="true"} 1',
      'payments-disputed',
    ],
    [
      'livedrops_relay_lag_seconds{consumer="x"} 30',
      'livedrops_relay_lag_seconds{consumer="x"} 31',
      'consumer-behind',
    ],
    [
      'livedrops_jobs_overdue_seconds{kind="x"} 600',
      'livedrops_jobs_overdue_seconds{kind="x"} 601',
      'jobs-overdue',
    ],
    [
      'livedrops_disk_free_bytes 20\nlivedrops_disk_size_bytes 100',
      'livedrops_disk_free_bytes 9\nlivedrops_disk_size_bytes 100',
      'disk-full',
    ],
  ] as const) {
    t.deepEqual(alarmsOf(right, right), [], right);
    t.deepEqual(alarmsOf(right, wrong), [name], wrong);
  }
  const failures = (n: number) => `livedrops_journal_append_failures_total ${n}\n`;
  t.deepEqual(alarmsOf(failures(3), failures(3)), []);
  t.deepEqual(alarmsOf(failures(3), failures(4)), ['appends-fail']);
  const lost = lookOf(1, { a: '' }, { nodes: [nodeOf('n', { state: 'lost' })], silent: ['b'] });
  t.deepEqual(
    pictureOf(lost, lost).alarms.map(({ name }) => name),
    ['node-lost', 'node-silent'],
  );
});
