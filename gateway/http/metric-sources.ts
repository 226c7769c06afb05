// The values that other parts of a node give to /metrics. They are functions that return plain data
// and are called only when /metrics is read, so they cost nothing while orders are placed. A node
// without some part leaves its values out.

import { Gauge, type Metric, type MetricObject, type Registry } from 'prom-client';
import type { PushSample } from './push-metrics.ts';
import type { ReachSample } from './reach-metrics.ts';
import type { SearchSample } from './search-metrics.ts';
import type { WebhookMetricsSample } from './webhook-metrics.ts';

/** Durations by bucket. The last count, beyond the bounds, has all longer ones. */
export interface DurationSample {
  /** Upper bounds, in rising order. */
  readonly boundsMs: readonly number[];
  readonly counts: ArrayLike<number>;
  readonly sumMs: number;
}

export interface ShardSample {
  readonly status: string;
  /** Commands in the shard's mailbox. */
  readonly waiting: number;
  /** The drops in quarantine. */
  readonly quarantined: readonly unknown[];
}

export interface RelayLagSample {
  readonly consumer: string;
  /** Durable facts in memory that wait for the consumer. */
  readonly facts: number;
  /** Durable entries that the consumer has yet to read from journals. */
  readonly entries: number;
  /** Shards whose journal the consumer reads to catch up. */
  readonly shardsBehind: number;
  /** How long the oldest waiting fact or entry has waited, in milliseconds. */
  readonly ms: number;
}

export interface LiveSample {
  readonly connections: number;
  readonly topics: { readonly drops: number; readonly creators: number; readonly users: number };
  /** Since the start, like all fields below. */
  readonly framesPublished: number;
  readonly framesDropped: number;
  readonly notificationsSent: number;
  /** Connections ended by the server, by close code. */
  readonly closed: Readonly<Record<number, number>>;
}

export interface LimitSample {
  /** The policy's name. */
  readonly limit: string;
  readonly keys: number;
  /** Requests refused since the start. */
  readonly refused: number;
}

export interface IssuerKeysSample {
  readonly issuer: string;
  /** Since its keys were fetched, in milliseconds; null: never yet. */
  readonly ageMs: number | null;
}

/** Refunds of the whole store that are not made, by state. */
export interface RefundSample {
  readonly parked: number;
  readonly retrying: number;
}

/** Jobs of the whole store. */
export interface JobSample {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

/** What this node compared with its truth since its start. */
export interface ReconcileSample {
  readonly kind: string;
  readonly compared: number;
  readonly mended: number;
}

/** Payments of the whole store that operators must look at. */
export interface ProblemSample {
  readonly kind: string;
  readonly open: boolean;
  readonly count: number;
}

/** What this node's archiver did since the start. */
export interface ArchiveSample {
  readonly entries: number;
  readonly bytes: number;
  readonly failures: number;
  /** When the last pass over all shards ended, in milliseconds since the Unix epoch; 0 for none. */
  readonly passedAt: number;
}

export interface MetricSources {
  /** Read anew each time. */
  readonly archive?: ArchiveSample;
  readonly search?: SearchSample;
  readonly push?: PushSample;
  readonly reach?: ReachSample;
  readonly webhooks?: () => WebhookMetricsSample;
  /** Null while unknown. */
  readonly jobs?: () => readonly JobSample[] | null;
  readonly reconciled?: () => readonly ReconcileSample[];
  /** Null while unknown. */
  readonly refunds?: () => RefundSample | null;
  /** Null while unknown. */
  readonly paymentProblems?: () => readonly ProblemSample[] | null;
  /** Payments that did not pay for their order, by reason, since the start. */
  readonly rejectedPayments?: () => Readonly<Record<string, number>>;
  /** Calls of the payment provider that are not finished, by what they ask for. */
  readonly paymentCalls?: () => Readonly<Record<string, number>>;
  readonly shards?: () => readonly ShardSample[];
  readonly relay?: () => readonly RelayLagSample[];
  readonly live?: () => LiveSample;
  readonly limits?: () => readonly LimitSample[];
  readonly journalAppends?: () => DurationSample;
  /** This machine's clock less the store's time; null while that is unknown. */
  readonly clockSkewMs?: () => number | null;
  readonly issuerKeys?: () => readonly IssuerKeysSample[];
}

type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number];

/** All statuses are always shown, so that an alert on `damaged` finds a zero and not nothing. */
const SHARD_STATUSES: readonly string[] = ['serving', 'recovering', 'damaged'];

/** Registers the sources' values. To be called once for each registry. */
export function registerSources(registry: Registry, sources: MetricSources): void {
  const { shards, relay, live, limits, journalAppends, clockSkewMs, issuerKeys } = sources;
  const { refunds, rejectedPayments, paymentCalls, jobs, archive, paymentProblems } = sources;
  const { reconciled } = sources;
  const gauge = (name: string, help: string, read: () => readonly Value[]) =>
    registry.registerMetric(sampled({ name, help, type: 'gauge' }, read));
  const counter = (name: string, help: string, read: () => readonly Value[]) =>
    registry.registerMetric(sampled({ name, help, type: 'counter' }, read));
  if (shards !== undefined) {
    gauge('livedrops_shards', 'Shards of this node, by status.', () => byStatus(shards()));
    gauge('livedrops_shard_commands_waiting', 'Commands in the mailboxes of all shards.', () => [
      [{}, shards().reduce((sum, { waiting }) => sum + waiting, 0)],
    ]);
    gauge('livedrops_shard_commands_waiting_max', 'Commands in the fullest mailbox.', () => [
      [{}, shards().reduce((most, { waiting }) => Math.max(most, waiting), 0)],
    ]);
    gauge('livedrops_drops_quarantined', 'Drops out of service after repeated faults.', () => [
      [{}, shards().reduce((sum, { quarantined }) => sum + quarantined.length, 0)],
    ]);
  }
  if (relay !== undefined) {
    gauge('livedrops_relay_facts_waiting', 'Durable facts a consumer has not taken.', () =>
      relay().map(({ consumer, facts }) => [{ consumer }, facts]),
    );
    gauge('livedrops_relay_shards_behind', 'Shards read from the journal to catch up.', () =>
      relay().map(({ consumer, shardsBehind }) => [{ consumer }, shardsBehind]),
    );
    gauge('livedrops_relay_entries_behind', 'Journal entries a consumer has yet to read.', () =>
      relay().map(({ consumer, entries }) => [{ consumer }, entries]),
    );
    gauge('livedrops_relay_lag_seconds', 'For how long the oldest event waits.', () =>
      relay().map(({ consumer, ms }) => [{ consumer }, ms / 1000]),
    );
  }
  if (refunds !== undefined) {
    gauge('livedrops_refunds', 'Refunds of the whole store that are not made, by state.', () =>
      Object.entries(refunds() ?? {}).map(([state, count]) => [{ state }, count]),
    );
  }
  if (jobs !== undefined) {
    gauge('livedrops_jobs', 'Jobs of the whole store, by kind and state.', () =>
      (jobs() ?? []).map(({ kind, state, count }) => [{ kind, state }, count]),
    );
  }
  if (reconciled !== undefined) {
    counter('livedrops_reconcile_compared_total', 'Items compared with their truth, by kind.', () =>
      reconciled().map(({ kind, compared }) => [{ kind }, compared]),
    );
    counter('livedrops_reconcile_mended_total', 'Items that differed from their truth.', () =>
      reconciled().map(({ kind, mended }) => [{ kind }, mended]),
    );
  }
  if (paymentProblems !== undefined) {
    const help = 'Payments of the whole store that operators must look at, by kind.';
    gauge('livedrops_payment_problems', help, () =>
      (paymentProblems() ?? []).map(({ kind, open, count }) => [
        { kind, open: String(open) },
        count,
      ]),
    );
  }
  if (archive !== undefined) {
    counter('livedrops_archive_entries_total', 'Journal entries that were archived.', () => [
      [{}, archive.entries],
    ]);
    counter('livedrops_archive_bytes_total', 'Bytes of segments that were archived.', () => [
      [{}, archive.bytes],
    ]);
    counter('livedrops_archive_failures_total', 'Shards that could not be archived.', () => [
      [{}, archive.failures],
    ]);
    const help = 'When the last pass over all shards ended; 0 before the first.';
    gauge('livedrops_archive_last_pass_timestamp_seconds', help, () => [
      [{}, archive.passedAt / 1000],
    ]);
  }
  if (rejectedPayments !== undefined) {
    counter(
      'livedrops_payments_rejected_total',
      'Payments that paid for no order, by reason.',
      () => Object.entries(rejectedPayments()).map(([reason, count]) => [{ reason }, count]),
    );
  }
  if (paymentCalls !== undefined) {
    gauge(
      'livedrops_payment_calls_unfinished',
      'Calls of the payment provider that wait or are made, by kind.',
      () => Object.entries(paymentCalls()).map(([kind, count]) => [{ kind }, count]),
    );
  }
  if (live !== undefined) {
    gauge('livedrops_live_topics', 'Topics with subscribers on this node, by kind.', () =>
      Object.entries(live().topics).map(([kind, count]) => [{ kind }, count]),
    );
    counter('livedrops_live_frames_published_total', 'Frames given to the fan-out.', () => [
      [{}, live().framesPublished],
    ]);
    counter('livedrops_live_frames_dropped_total', 'Frames that slow clients missed.', () => [
      [{}, live().framesDropped],
    ]);
    counter('livedrops_live_notifications_sent_total', 'Notifications sent to clients.', () => [
      [{}, live().notificationsSent],
    ]);
    counter('livedrops_live_closed_total', 'Streams ended by the server, by close code.', () =>
      Object.entries(live().closed).map(([code, count]) => [{ code }, count]),
    );
  }
  if (limits !== undefined) {
    gauge('livedrops_rate_limit_keys', 'Addresses and users that a limit counts.', () =>
      limits().map(({ limit, keys }) => [{ limit }, keys]),
    );
    counter('livedrops_rate_limited_total', 'Requests that a limit refused.', () =>
      limits().map(({ limit, refused }) => [{ limit }, refused]),
    );
  }
  if (clockSkewMs !== undefined) {
    const help = "This node's clock less the time of the store.";
    gauge('livedrops_clock_skew_seconds', help, () => {
      const skewMs = clockSkewMs();
      return skewMs === null ? [] : [[{}, skewMs / 1000]];
    });
  }
  if (issuerKeys !== undefined) {
    const help = 'Since the keys of an issuer of tokens were fetched.';
    gauge('livedrops_issuer_keys_age_seconds', help, () =>
      issuerKeys().flatMap(({ issuer, ageMs }) =>
        ageMs === null ? [] : [[{ issuer }, ageMs / 1000] as const],
      ),
    );
  }
  if (journalAppends !== undefined) {
    const name = 'livedrops_journal_append_duration_seconds';
    const help = 'Time until an entry of the journal is durable.';
    registry.registerMetric(
      sampled({ name, help, type: 'histogram' }, () => histogramValues(name, {}, journalAppends())),
    );
  }
}

export function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  const gauge: Gauge = new Gauge({ name, help, registers: [], collect: () => gauge.set(read()) });
  registry.registerMetric(gauge);
}

export interface HistogramValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName: string;
}

/** The lines of one histogram, in seconds. None where nothing was counted. */
export function histogramValues(
  name: string,
  labels: Labels,
  { boundsMs, counts, sumMs }: DurationSample,
): HistogramValue[] {
  const values: HistogramValue[] = [];
  let total = 0;
  for (let bucket = 0; bucket <= boundsMs.length; bucket++) {
    total += counts[bucket]!;
    const upTo = boundsMs[bucket];
    const le = upTo === undefined ? '+Inf' : upTo / 1000;
    values.push({ labels: { ...labels, le }, value: total, metricName: `${name}_bucket` });
  }
  if (total === 0) return [];
  values.push({ labels, value: sumMs / 1000, metricName: `${name}_sum` });
  values.push({ labels, value: total, metricName: `${name}_count` });
  return values;
}

interface MetricHead {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
}

/** A metric whose values are computed when the registry is read. */
export function sampled(head: MetricHead, read: () => readonly (Value | HistogramValue)[]): Metric {
  const get = (): MetricObject & { values: unknown[] } => ({
    ...(head as unknown as MetricObject),
    aggregator: 'sum',
    values: read().map((one) => ('metricName' in one ? one : { labels: one[0], value: one[1] })),
  });
  return { ...head, aggregator: 'sum', get, reset: () => undefined } as unknown as Metric;
}

function byStatus(shards: readonly ShardSample[]): Value[] {
  const counts = new Map(SHARD_STATUSES.map((status) => [status, 0]));
  for (const { status } of shards) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => [{ status }, count]);
}
