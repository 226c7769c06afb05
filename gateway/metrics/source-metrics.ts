// The metrics of a node's parts beside the gateway. A node without some part leaves its values out.

import type { Registry } from 'prom-client';
import { SHARD_STATUSES } from '../../contracts/shard-statuses.ts';
import type { ArchiveSample, MetricSources, ShardSample } from './metric-sources.ts';
import { registerClusterMetrics, registerNodeMetrics } from './node-metrics.ts';
import { registerMediaMetrics } from './media-metrics.ts';
import { registerPushMetrics } from './push-metrics.ts';
import { registerReachMetrics } from './reach-metrics.ts';
import { registerLedgerMetrics } from './ledger-metrics.ts';
import { registerSearchMetrics } from './search-metrics.ts';
import { serve, serveDurations, serveValue } from './serve.ts';
import { registerTraceMetrics } from './trace-metrics.ts';
import { registerWebhookMetrics } from './webhook-metrics.ts';

/** To be called once for each registry. */
export function registerSources(registry: Registry, sources: MetricSources): void {
  const { node, cluster, routerWaiting = () => 0, archive } = sources;
  if (node !== undefined) registerNodeMetrics(registry, node);
  if (cluster !== undefined) registerClusterMetrics(registry, cluster, routerWaiting);
  registerSale(registry, sources);
  registerConsumers(registry, sources);
  if (archive !== undefined) registerArchive(registry, archive);
  registerPayments(registry, sources);
  registerGatewaySources(registry, sources);
  if (sources.ledger !== undefined) registerLedgerMetrics(registry, sources.ledger);
  if (sources.search !== undefined) registerSearchMetrics(registry, sources.search);
  if (sources.media !== undefined) registerMediaMetrics(registry, sources.media);
  if (sources.push !== undefined) registerPushMetrics(registry, sources.push);
  if (sources.reach !== undefined) registerReachMetrics(registry, sources.reach);
  if (sources.webhooks !== undefined) registerWebhookMetrics(registry, sources.webhooks);
  if (sources.traces !== undefined) registerTraceMetrics(registry, sources.traces);
  const { accessLogDropped } = sources;
  if (accessLogDropped !== undefined)
    serveValue(registry, 'livedrops_access_log_dropped_total', accessLogDropped);
}

function registerSale(registry: Registry, { shards, sale, journal, commits }: MetricSources): void {
  if (shards !== undefined) registerShards(registry, shards);
  if (sale !== undefined) {
    serveDurations(registry, 'livedrops_shard_mailbox_wait_seconds', () => [
      { labels: {}, durations: sale().mailboxWaits },
    ]);
    serveValue(registry, 'livedrops_commands_decided_total', () => sale().commandsDecided);
    serveValue(registry, 'livedrops_orders_placed_total', () => sale().ordersPlaced);
  }
  if (journal !== undefined) {
    serveDurations(registry, 'livedrops_journal_append_duration_seconds', () => [
      { labels: {}, durations: journal().appends },
    ]);
    serveValue(registry, 'livedrops_journal_appends_waiting', () => journal().waiting);
    serveValue(registry, 'livedrops_journal_append_failures_total', () => journal().failures);
    serveValue(registry, 'livedrops_journal_appended_bytes_total', () => journal().bytes);
  }
  if (commits !== undefined)
    serveDurations(registry, 'livedrops_sqlite_commit_duration_seconds', () =>
      commits().map(({ file, commits: durations }) => ({ labels: { file }, durations })),
    );
}

function registerShards(registry: Registry, shards: () => readonly ShardSample[]): void {
  const sum = (of: (shard: ShardSample) => number) => () =>
    shards().reduce((total, shard) => total + of(shard), 0);
  serve(registry, 'livedrops_shards', () => byStatus(shards()));
  serveValue(
    registry,
    'livedrops_shard_commands_waiting',
    sum(({ waiting }) => waiting),
  );
  serveValue(registry, 'livedrops_shard_commands_waiting_max', () =>
    shards().reduce((most, { waiting }) => Math.max(most, waiting), 0),
  );
  const live = sum(({ liveDrops }) => liveDrops);
  const all = sum(({ drops }) => drops);
  serve(registry, 'livedrops_drops', () => [
    [{ state: 'live' }, live()],
    [{ state: 'other' }, all() - live()],
  ]);
  serveValue(
    registry,
    'livedrops_drops_quarantined',
    sum(({ quarantined }) => quarantined.length),
  );
}

/** All statuses are always shown, so that an alert on `damaged` finds a zero and not nothing. */
function byStatus(shards: readonly ShardSample[]) {
  const shown = SHARD_STATUSES.filter((status) => status !== 'stopped');
  const counts = new Map<string, number>(shown.map((status) => [status, 0]));
  for (const { status } of shards) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => [{ status }, count] as const);
}

function registerConsumers(
  registry: Registry,
  { relay, followerPages, jobs, jobsOverdue, reconciled }: MetricSources,
): void {
  if (relay !== undefined) {
    serve(registry, 'livedrops_relay_facts_waiting', () =>
      relay().map(({ consumer, facts }) => [{ consumer }, facts]),
    );
    serve(registry, 'livedrops_relay_shards_behind', () =>
      relay().map(({ consumer, shardsBehind }) => [{ consumer }, shardsBehind]),
    );
    serve(registry, 'livedrops_relay_entries_behind', () =>
      relay().map(({ consumer, entries }) => [{ consumer }, entries]),
    );
    serve(registry, 'livedrops_relay_lag_seconds', () =>
      relay().map(({ consumer, ms }) => [{ consumer }, ms / 1000]),
    );
  }
  if (followerPages !== undefined)
    serveDurations(registry, 'livedrops_follower_page_duration_seconds', () => [
      { labels: {}, durations: followerPages() },
    ]);
  if (jobs !== undefined)
    serve(registry, 'livedrops_jobs', () =>
      (jobs() ?? []).map(({ kind, state, count }) => [{ kind, state }, count]),
    );
  if (jobsOverdue !== undefined)
    serve(registry, 'livedrops_jobs_overdue_seconds', () =>
      jobsOverdue().map(({ kind, ms }) => [{ kind }, ms / 1000]),
    );
  if (reconciled !== undefined) {
    serve(registry, 'livedrops_reconcile_compared_total', () =>
      reconciled().map(({ kind, compared }) => [{ kind }, compared]),
    );
    serve(registry, 'livedrops_reconcile_mended_total', () =>
      reconciled().map(({ kind, mended }) => [{ kind }, mended]),
    );
  }
}

function registerArchive(registry: Registry, archive: ArchiveSample): void {
  serveValue(registry, 'livedrops_archive_entries_total', () => archive.entries);
  serveValue(registry, 'livedrops_archive_bytes_total', () => archive.bytes);
  serveValue(registry, 'livedrops_archive_failures_total', () => archive.failures);
  const lastPass = 'livedrops_archive_last_pass_timestamp_seconds';
  serveValue(registry, lastPass, () => archive.passedAt / 1000);
}

function registerPayments(
  registry: Registry,
  { refunds, paymentProblems, rejectedPayments, paymentCalls }: MetricSources,
): void {
  if (refunds !== undefined)
    serve(registry, 'livedrops_refunds', () =>
      Object.entries(refunds() ?? {}).map(([state, count]) => [{ state }, count]),
    );
  if (paymentProblems !== undefined)
    serve(registry, 'livedrops_payment_problems', () =>
      (paymentProblems() ?? []).map(({ kind, open, count }) => [
        { kind, open: String(open) },
        count,
      ]),
    );
  if (rejectedPayments !== undefined)
    serve(registry, 'livedrops_payments_rejected_total', () =>
      Object.entries(rejectedPayments()).map(([reason, count]) => [{ reason }, count]),
    );
  if (paymentCalls !== undefined)
    serve(registry, 'livedrops_payment_calls_unfinished', () =>
      Object.entries(paymentCalls()).map(([kind, count]) => [{ kind }, count]),
    );
}

function registerGatewaySources(
  registry: Registry,
  { live, limits, issuerKeys }: MetricSources,
): void {
  if (live !== undefined) {
    serve(registry, 'livedrops_live_topics', () => {
      const { drops, creators, users } = live().topics;
      return [
        [{ kind: 'drops' }, drops],
        [{ kind: 'creators' }, creators],
        [{ kind: 'users' }, users],
      ];
    });
    const published = 'livedrops_live_frames_published_total';
    serveValue(registry, published, () => live().framesPublished);
    serveValue(registry, 'livedrops_live_frames_dropped_total', () => live().framesDropped);
    const sent = 'livedrops_live_notifications_sent_total';
    serveValue(registry, sent, () => live().notificationsSent);
    serve(registry, 'livedrops_live_closed_total', () =>
      Object.entries(live().closed).map(([code, count]) => [{ code }, count]),
    );
  }
  if (limits !== undefined) {
    serve(registry, 'livedrops_rate_limit_keys', () =>
      limits().map(({ limit, keys }) => [{ limit }, keys]),
    );
    serve(registry, 'livedrops_rate_limited_total', () =>
      limits().map(({ limit, refused }) => [{ limit }, refused]),
    );
  }
  if (issuerKeys !== undefined)
    serve(registry, 'livedrops_issuer_keys_age_seconds', () =>
      issuerKeys().flatMap(({ issuer, ageMs }) =>
        ageMs === null ? [] : [[{ issuer }, ageMs / 1000] as const],
      ),
    );
}
