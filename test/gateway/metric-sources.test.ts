// Values of a node's parts in /metrics, in the text format that Prometheus reads.

import test from 'ava';
import { Registry } from 'prom-client';
import { ArchiveCounts } from '../../events/archive/archive-counts.ts';
import type { ClusterSample, MetricSources } from '../../gateway/metrics/metric-sources.ts';
import { registerSearchMetrics } from '../../gateway/metrics/search-metrics.ts';
import { registerSources } from '../../gateway/metrics/source-metrics.ts';
import { startFixture } from './fixture.ts';

function isValue(line: string): boolean {
  return !line.startsWith('#');
}

async function linesOf(sources: MetricSources): Promise<string[]> {
  const registry = new Registry();
  registerSources(registry, sources);
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'));
}

test('X4: shards are counted by status, a status without a shard as zero', async (t) => {
  const shards = [
    { status: 'serving', waiting: 3, quarantined: [], drops: 5, liveDrops: 2 },
    { status: 'serving', waiting: 40, quarantined: ['d_1', 'd_2'], drops: 1, liveDrops: 1 },
    { status: 'damaged', waiting: 0, quarantined: ['d_3'], drops: 0, liveDrops: 0 },
  ];
  t.deepEqual(await linesOf({ shards: () => shards }), [
    '# TYPE livedrops_shards gauge',
    'livedrops_shards{status="recovering"} 0',
    'livedrops_shards{status="serving"} 2',
    'livedrops_shards{status="leaving"} 0',
    'livedrops_shards{status="damaged"} 1',
    '# TYPE livedrops_shard_commands_waiting gauge',
    'livedrops_shard_commands_waiting 43',
    '# TYPE livedrops_shard_commands_waiting_max gauge',
    'livedrops_shard_commands_waiting_max 40',
    '# TYPE livedrops_drops gauge',
    'livedrops_drops{state="live"} 3',
    'livedrops_drops{state="other"} 3',
    '# TYPE livedrops_drops_quarantined gauge',
    'livedrops_drops_quarantined 3',
  ]);
});

test('X4, P6: metrics have the refunds that are not made, once they are known', async (t) => {
  t.deepEqual(await linesOf({ refunds: () => ({ parked: 3, retrying: 0 }) }), [
    '# TYPE livedrops_refunds gauge',
    'livedrops_refunds{state="parked"} 3',
    'livedrops_refunds{state="retrying"} 0',
  ]);
  t.deepEqual(await linesOf({ refunds: () => null }), ['# TYPE livedrops_refunds gauge']);
});

test('X4, L3: metrics have what was compared with its truth, and what was mended', async (t) => {
  const reconciled = () => [{ kind: 'follows', compared: 40, mended: 2 }];
  t.deepEqual(await linesOf({ reconciled }), [
    '# TYPE livedrops_reconcile_compared_total counter',
    'livedrops_reconcile_compared_total{kind="follows"} 40',
    '# TYPE livedrops_reconcile_mended_total counter',
    'livedrops_reconcile_mended_total{kind="follows"} 2',
  ]);
});

test('X4, J8: metrics have what was archived', async (t) => {
  const counts = new ArchiveCounts();
  const lines = async () => (await linesOf({ archive: counts })).filter((line) => line[0] !== '#');
  t.deepEqual(await lines(), [
    'livedrops_archive_entries_total 0',
    'livedrops_archive_bytes_total 0',
    'livedrops_archive_failures_total 0',
    'livedrops_archive_last_pass_timestamp_seconds 0',
  ]);
  const inThread = new ArchiveCounts(counts.shared);
  inThread.addSegment(40, 9000);
  inThread.addSegment(2, 500);
  inThread.addFailure();
  inThread.passed(1_800_000_000_000);
  t.deepEqual(await lines(), [
    'livedrops_archive_entries_total 42',
    'livedrops_archive_bytes_total 9500',
    'livedrops_archive_failures_total 1',
    'livedrops_archive_last_pass_timestamp_seconds 1800000000',
  ]);
});

test('X4, P2a: metrics have the payments that paid for no order', async (t) => {
  t.deepEqual(await linesOf({ rejectedPayments: () => ({ 'wrong-amount': 2 }) }), [
    '# TYPE livedrops_payments_rejected_total counter',
    'livedrops_payments_rejected_total{reason="wrong-amount"} 2',
  ]);
});

test('X4, R5: metrics have the calls of the payment provider that are not finished', async (t) => {
  t.deepEqual(await linesOf({ paymentCalls: () => ({ open: 7, capture: 0 }) }), [
    '# TYPE livedrops_payment_calls_unfinished gauge',
    'livedrops_payment_calls_unfinished{kind="open"} 7',
    'livedrops_payment_calls_unfinished{kind="capture"} 0',
  ]);
});

test('X4: metrics have each consumer’s lag', async (t) => {
  const relay = () => [
    { consumer: 'payments', facts: 7, entries: 0, shardsBehind: 0, ms: 1500 },
    { consumer: 'projections', facts: 0, entries: 9, shardsBehind: 2, ms: 0 },
  ];
  const lines = await linesOf({ relay });
  t.true(lines.includes('livedrops_relay_facts_waiting{consumer="payments"} 7'));
  t.true(lines.includes('livedrops_relay_shards_behind{consumer="projections"} 2'));
  t.true(lines.includes('livedrops_relay_entries_behind{consumer="projections"} 9'));
  t.true(lines.includes('livedrops_relay_lag_seconds{consumer="payments"} 1.5'));
});

test('X4: metrics have live topics, frames, and close codes', async (t) => {
  const live = () => ({
    connections: 5,
    topics: { drops: 2, creators: 1, users: 4 },
    framesPublished: 90,
    framesDropped: 3,
    notificationsSent: 11,
    closed: { 4001: 1, 4002: 6 },
  });
  const lines = await linesOf({ live });
  for (const line of [
    '# TYPE livedrops_live_frames_dropped_total counter',
    'livedrops_live_topics{kind="drops"} 2',
    'livedrops_live_topics{kind="users"} 4',
    'livedrops_live_frames_published_total 90',
    'livedrops_live_frames_dropped_total 3',
    'livedrops_live_notifications_sent_total 11',
    'livedrops_live_closed_total{code="4002"} 6',
  ]) {
    t.true(lines.includes(line), line);
  }
});

test('X4: journal appends are a histogram in seconds, absent without appends', async (t) => {
  const boundsMs = [1, 5, 1_000];
  const linesWith = async (counts: number[]) => {
    const appends = { boundsMs, counts, sumMs: 1500 };
    const journal = () => ({ appends, waiting: 3, failures: 1, bytes: 900 });
    return await linesOf({ journal });
  };
  const name = 'livedrops_journal_append_duration_seconds';
  const others = [
    '# TYPE livedrops_journal_appends_waiting gauge',
    'livedrops_journal_appends_waiting 3',
    '# TYPE livedrops_journal_append_failures_total counter',
    'livedrops_journal_append_failures_total 1',
    '# TYPE livedrops_journal_appended_bytes_total counter',
    'livedrops_journal_appended_bytes_total 900',
  ];
  t.deepEqual(await linesWith([2, 1, 0, 4]), [
    `# TYPE ${name} histogram`,
    `${name}_bucket{le="0.001"} 2`,
    `${name}_bucket{le="0.005"} 3`,
    `${name}_bucket{le="1.0"} 3`,
    `${name}_bucket{le="+Inf"} 7`,
    `${name}_sum 1.5`,
    `${name}_count 7`,
    ...others,
  ]);
  t.deepEqual(await linesWith([0, 0, 0, 0]), [`# TYPE ${name} histogram`, ...others]);
});

test('X4: a node without a part has no metrics of it', async (t) => {
  t.deepEqual(await linesOf({}), []);
});

test('X4, H5: metrics count the requests that each limit refused', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  const log = { body: { email: 'a@example.com', password: 'wrong password' } };
  for (let i = 0; i < 25; i++) await fixture.request('POST', '/v1/auth/login', log);
  const { text } = await fixture.request('GET', '/metrics');
  const refused = /^livedrops_rate_limited_total\{limit="log-ins-address"\} (\d+)$/m.exec(text);
  t.true(Number(refused?.[1]) > 0, text.slice(0, 3000));
  t.true(text.includes('livedrops_rate_limit_keys{limit="log-ins-address"} 1'));
  t.true(text.includes('livedrops_rate_limited_total{limit="orders-user"} 0'));
});

test('W7: metrics have what a node sees of its cluster, and its skew once it is known', async (t) => {
  const seen: { -readonly [K in keyof ClusterSample]: ClusterSample[K] } = {
    clockSkewMs: null,
    nodes: null,
    shardsWithoutOwner: 5,
    natsConnected: false,
    redisWeak: true,
    leaseValid: false,
  };
  const values = async () => (await linesOf({ cluster: () => seen })).filter(isValue);
  const known = [
    'livedrops_shards_without_owner 5',
    'livedrops_router_commands_waiting 0',
    'livedrops_nats_connected 0',
    'livedrops_redis_weak 1',
    'livedrops_lease_valid 0',
  ];
  t.deepEqual(await values(), known);
  seen.clockSkewMs = -250;
  seen.nodes = 2;
  t.deepEqual(await values(), [
    'livedrops_clock_skew_seconds -0.25',
    'livedrops_nodes 2',
    ...known,
  ]);
  seen.leaseValid = null;
  t.false((await values()).some((line) => line.startsWith('livedrops_lease_valid')));
});

test('A4: metrics have the age of the keys of each issuer that has some', async (t) => {
  const issuerKeys = () => [
    { issuer: 'https://id.example.com/', ageMs: 1_500 },
    { issuer: 'https://new.example.com', ageMs: null },
  ];
  t.deepEqual(await linesOf({ issuerKeys }), [
    '# TYPE livedrops_issuer_keys_age_seconds gauge',
    'livedrops_issuer_keys_age_seconds{issuer="https://id.example.com/"} 1.5',
  ]);
});

test('X4, Q4: metrics have how a search index stands, and that it does not open', async (t) => {
  const index = {
    isBuilding: true,
    lagMs: 1_500,
    recordsBehind: 3,
    documents: 5,
    bytes: 6,
  };
  const durations = { boundsMs: [10, 50], counts: [1, 0, 1], sumMs: 80 };
  const linesWith = async (status: typeof index | null, lateMs: number | null = null) => {
    const registry = new Registry();
    registerSearchMetrics(registry, {
      status: () => status,
      lateMs: () => lateMs,
      waiting: () => 2,
      durations: () => durations,
    });
    const text = await registry.metrics();
    return text.split('\n').filter((line) => line !== '' && line[0] !== '#');
  };
  const always = [
    'livedrops_search_waiting 2',
    'livedrops_search_duration_seconds_bucket{le="0.01"} 1',
    'livedrops_search_duration_seconds_bucket{le="0.05"} 1',
    'livedrops_search_duration_seconds_bucket{le="+Inf"} 2',
    'livedrops_search_duration_seconds_sum 0.08',
    'livedrops_search_duration_seconds_count 2',
  ];
  t.deepEqual(await linesWith(index), [
    'livedrops_search_lag_seconds 1.5',
    'livedrops_search_building 1',
    'livedrops_search_records_behind 3',
    'livedrops_search_documents 5',
    'livedrops_search_index_bytes 6',
    ...always,
  ]);
  t.deepEqual(await linesWith(null), always);
  const late = ['livedrops_search_lag_seconds 60', ...always];
  t.deepEqual(await linesWith(null, 60_000), late);
});
