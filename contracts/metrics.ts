// All metrics that a node serves: the one table that is registered, documented and tested. Names
// follow Prometheus: the unit last, before `_total` of counters. No label has an id of a person, a
// drop or an order, so the number of series is bounded.

import { BACKGROUND_METRICS } from './background-metrics.ts';
import { CACHE_KINDS } from './cache-kinds.ts';
import { counter, gauge, histogram, type MetricDefinition, open } from './metric-definition.ts';
import { PROCESS_METRICS } from './process-metrics.ts';
import { HTTP_CODES, REFUSAL_CODES } from './refusals.ts';
import { SERVICE_KINDS } from './service-levels.ts';
import { SHARD_STATUSES } from './shard-statuses.ts';

const LIMIT = open('the names of limits', 20);

const REQUESTS = {
  livedrops_http_request_duration_seconds: histogram(
    'From the head of a request to its reply. Orders are `POST /v1/drops/{id}/orders`.',
    {
      labels: {
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'any'],
        route: open('paths as OpenAPI has them, and `unmatched`', 300),
        status: ['1xx', '2xx', '3xx', '4xx', '5xx'],
      },
    },
  ),
  livedrops_http_refusals_total: counter('Refused requests, by the code of the problem.', {
    labels: { of: ['orders', 'others'], code: [...REFUSAL_CODES, ...HTTP_CODES] },
  }),
  livedrops_service_requests_total: counter(
    'Requests to the API; `reads` are those that limits count as such, searches too.',
    { labels: { kind: SERVICE_KINDS } },
  ),
  livedrops_service_failures_total: counter('Those that were answered 5xx.', {
    labels: { kind: SERVICE_KINDS },
  }),
  livedrops_service_slow_total: counter(
    'Those that took longer than their level and did not fail: 500 ms for orders, 200 for reads.',
    { labels: { kind: ['orders', 'reads'] } },
  ),
  livedrops_http_requests_in_flight: gauge('Requests not answered yet; the bound is 50,000.'),
  livedrops_orders_waiting: gauge('Orders that wait for their answer.'),
  livedrops_orders_waiting_limit: gauge(
    'Orders that may wait now: it follows how quick answers are; past it they are `overloaded`.',
  ),
  livedrops_rate_limit_keys: gauge('Addresses and users that a limit counts.', {
    labels: { limit: LIMIT },
  }),
  livedrops_rate_limited_total: counter('Requests that a limit refused.', {
    labels: { limit: LIMIT },
  }),
  livedrops_cache_reads_total: counter('Cached reads, by how they were answered.', {
    labels: { kind: CACHE_KINDS, result: ['hit', 'stale', 'miss', 'collapsed'] },
  }),
  livedrops_cache_faults_total: counter('Loads of a cache that failed.', {
    labels: { kind: CACHE_KINDS },
  }),
  livedrops_cache_evictions_total: counter('Entries that went for want of room.', {
    labels: { kind: CACHE_KINDS },
  }),
  livedrops_cache_drifts_total: counter('Changes that a load found and no message had told.', {
    labels: { kind: CACHE_KINDS },
  }),
  livedrops_cache_entries: gauge('Entries of a cache.', { labels: { kind: CACHE_KINDS } }),
  livedrops_cache_bytes: gauge('Estimated size of a cache.', { labels: { kind: CACHE_KINDS } }),
  livedrops_gateway_watched_drops: gauge('Drop views that the gateway keeps.'),
  livedrops_gateway_restricted: gauge(
    'Who is banned or stands as a seller, what is taken down (A9, A11), and some of before.',
  ),
  livedrops_issuer_keys_age_seconds: gauge(
    'Since the keys of an issuer of tokens were fetched: some 600 at most while it answers, and ' +
      'past 86,400 its tokens are refused.',
    { labels: { issuer: open('the configured issuers', 20) }, servedBy: 'issuers' },
  ),
} as const;

const LIVE = {
  livedrops_live_connections: gauge('Open live streams.'),
  livedrops_live_topics: gauge('Topics with subscribers.', {
    labels: { kind: ['drops', 'creators', 'users'] },
  }),
  livedrops_live_frames_published_total: counter('Frames given to the fan-out.'),
  livedrops_live_frames_dropped_total: counter('Frames that slow clients missed.'),
  livedrops_live_notifications_sent_total: counter('Notifications sent to clients.'),
  livedrops_live_closed_total: counter('Streams that the server ended, by close code.', {
    labels: { code: open('codes of [LIVE.md](LIVE.md)', 20) },
  }),
} as const;

const SHARDS = {
  livedrops_shards: gauge('Shards of this node.', {
    labels: { status: SHARD_STATUSES.filter((status) => status !== 'stopped') },
    servedBy: 'actors',
  }),
  livedrops_shard_commands_waiting: gauge('Commands in all mailboxes.', { servedBy: 'actors' }),
  livedrops_shard_commands_waiting_max: gauge(
    'Commands in the fullest mailbox, which takes 8,192.',
    { servedBy: 'actors' },
  ),
  livedrops_shard_mailbox_wait_seconds: histogram(
    'How long the command waited that waited longest, of each batch that a shard decides.',
    { servedBy: 'actors' },
  ),
  livedrops_commands_decided_total: counter('Commands that shards decided, reads too.', {
    servedBy: 'actors',
  }),
  livedrops_orders_placed_total: counter('Orders that shards placed and made durable.', {
    servedBy: 'actors',
  }),
  livedrops_drops: gauge('Drops in memory: those that are live, and all others.', {
    labels: { state: ['live', 'other'] },
    servedBy: 'actors',
  }),
  livedrops_drops_quarantined: gauge('Drops out of service after repeated faults.', {
    servedBy: 'actors',
  }),
  livedrops_journal_append_duration_seconds: histogram(
    'Until an entry of a journal is durable: the latency of the store.',
    { servedBy: 'actors' },
  ),
  livedrops_journal_appends_waiting: gauge('Entries that are not durable yet.', {
    servedBy: 'actors',
  }),
  livedrops_journal_append_failures_total: counter(
    'Appends that failed or were refused to an owner of before.',
    { servedBy: 'actors' },
  ),
  livedrops_journal_appended_bytes_total: counter('Bytes of entries that were appended.', {
    servedBy: 'actors',
  }),
  livedrops_sqlite_commit_duration_seconds: histogram(
    'Commits of SQLite with their fsync, each for all that waited for it.',
    { labels: { file: ['journal', 'catalogue', 'projections', 'analytics'] }, servedBy: 'alone' },
  ),
} as const;

const NODE = {
  livedrops_build_info: gauge('Always 1.', {
    labels: {
      version: open('the version of the node', 1),
      profile: ['embedded', 'cluster'],
      node: open('the id of the node', 1),
    },
  }),
  livedrops_node_ready: gauge('1: `/readyz` says that the node is ready.'),
  livedrops_thread_cpu_seconds_total: counter(
    'CPU time of each thread of the main one; `other`: those that they start, and Node’s own.',
    { labels: { thread: open('the names of threads', 40) } },
  ),
  livedrops_thread_active_seconds_total: counter(
    'How long the event loop of each thread had something to do: its rate is the utilisation.',
    { labels: { thread: open('the names of threads', 40) } },
  ),
  livedrops_disk_free_bytes: gauge('Room for this user where `LIVEDROPS_DATA` is.'),
  livedrops_disk_size_bytes: gauge('The whole of it.'),
  livedrops_clock_skew_seconds: gauge(
    'The clock of this node less that of Redis; past 1 the node gives its shards up.',
    { servedBy: 'cluster' },
  ),
  livedrops_nodes: gauge('Nodes with actors that live, as this node sees it.', {
    servedBy: 'cluster',
    scope: 'store',
  }),
  livedrops_shards_without_owner: gauge('Shards that nobody serves, as this node sees it.', {
    servedBy: 'cluster',
    scope: 'store',
  }),
  livedrops_router_commands_waiting: gauge('Commands to owners of shards without an answer yet.', {
    servedBy: 'cluster',
  }),
  livedrops_nats_connected: gauge('1: this node is connected to NATS.', { servedBy: 'cluster' }),
  livedrops_redis_weak: gauge(
    '1: Redis could lose what it acknowledges, by its settings of the last minute.',
    { servedBy: 'cluster' },
  ),
  livedrops_lease_valid: gauge('1: this node may answer for its shards.', {
    servedBy: 'cluster actors',
  }),
} as const;

const TRACES = {
  livedrops_trace_spans_total: counter(
    'Spans: `failed` were not taken by the receiver, `dropped` found no room in the queue.',
    { labels: { outcome: ['sent', 'failed', 'dropped'] }, servedBy: 'traces' },
  ),
  livedrops_trace_spans_waiting: gauge('Spans that wait to be sent.', { servedBy: 'traces' }),
  livedrops_trace_held: gauge('Requests, batches and calls that are held for traces.', {
    servedBy: 'traces',
  }),
  livedrops_traces_chosen_total: counter(
    'Traces that this node found slow or failed, so that they are sent whatever the ratio.',
    { labels: { reason: ['slow', 'failed'] }, servedBy: 'traces' },
  ),
  livedrops_traces_left_out_total: counter(
    'What a bound left out: traces past those of a second, parts that found no room in the ' +
      'queue, ids that others were not told of, and what left before its time.',
    {
      labels: { bound: ['slow-per-second', 'failed-per-second', 'queue', 'announcement', 'held'] },
      servedBy: 'traces',
    },
  ),
  livedrops_access_log_dropped_total: counter('Lines of the access log that were lost.', {
    servedBy: 'access log',
  }),
} as const;

export const METRICS = {
  ...REQUESTS,
  ...LIVE,
  ...SHARDS,
  ...BACKGROUND_METRICS,
  ...NODE,
  ...TRACES,
  ...PROCESS_METRICS,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

/** A value for each label of the metric. */
export type LabelsOf<N extends MetricName> = Readonly<
  Record<keyof (typeof METRICS)[N]['labels'], string>
>;
