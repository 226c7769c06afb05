// What gateway threads give to the metrics of their node: those of their counts that the main
// thread adds to its own. Whatever the threads share, or have of the process as a whole, is the
// main thread's to serve.

import { type Metric, type MetricValue, Registry } from 'prom-client';
import type { MetricName } from '../../contracts/metrics.ts';
import type { MetricSources, ThreadMetric } from './metric-sources.ts';

const ADDED: readonly MetricName[] = [
  'livedrops_http_request_duration_seconds',
  'livedrops_service_requests_total',
  'livedrops_service_failures_total',
  'livedrops_service_slow_total',
  'livedrops_http_refusals_total',
  'livedrops_http_requests_in_flight',
  'livedrops_live_connections',
  'livedrops_gateway_watched_drops',
  'livedrops_cache_reads_total',
  'livedrops_cache_faults_total',
  'livedrops_cache_evictions_total',
  'livedrops_cache_drifts_total',
  'livedrops_cache_entries',
  'livedrops_cache_bytes',
  'livedrops_live_topics',
  'livedrops_live_frames_published_total',
  'livedrops_live_frames_dropped_total',
  'livedrops_live_notifications_sent_total',
  'livedrops_live_closed_total',
  'livedrops_rate_limited_total',
  'livedrops_trace_spans_total',
  'livedrops_trace_spans_waiting',
  'livedrops_trace_held',
  'livedrops_traces_chosen_total',
  'livedrops_traces_left_out_total',
  'livedrops_access_log_dropped_total',
];

type Exemplified = MetricValue<string> & {
  metricName?: string;
  exemplar?: { readonly timestamp: number } | undefined;
};

interface Readable {
  get(): Promise<{ readonly values: readonly MetricValue<string>[] }>;
}

/** Plain data, of what the thread has in its registry. */
export async function threadMetrics(registry: Registry): Promise<ThreadMetric[]> {
  const found: ThreadMetric[] = [];
  for (const name of ADDED) {
    const metric = registry.getSingleMetric(name) as Readable | undefined;
    if (metric !== undefined) found.push({ name, values: (await metric.get()).values });
  }
  return found;
}

/** The metrics of a node: those of its registry, to which those of its threads are added. */
export async function withThreads(
  registry: Registry,
  threads: MetricSources['gatewayThreads'],
): Promise<Registry> {
  if (threads === undefined) return registry;
  const added = Map.groupBy(await threads(), ({ name }) => name);
  const whole = new Registry();
  for (const metric of registry.getMetricsAsArray()) {
    const { name, help, type } = metric;
    const others = added.get(name);
    if (others === undefined) {
      whole.registerMetric(metric as unknown as Metric);
      continue;
    }
    const get = async () => {
      const found = await (metric as unknown as Readable).get();
      return { ...found, values: sumOf([found, ...others]) };
    };
    whole.registerMetric({ name, help, type, get } as unknown as Metric);
  }
  return whole;
}

/** Values of the same labels are added. The newest exemplar stays. */
function sumOf(metrics: readonly { readonly values: readonly MetricValue<string>[] }[]) {
  const sums = new Map<string, Exemplified>();
  for (const value of metrics.flatMap(({ values }) => values) as readonly Exemplified[]) {
    const { labels, metricName = '' } = value;
    const key = JSON.stringify([metricName, labels]);
    const before = sums.get(key);
    if (before === undefined) sums.set(key, { ...value });
    else {
      before.value += value.value;
      const isNewer = (value.exemplar?.timestamp ?? 0) > (before.exemplar?.timestamp ?? 0);
      if (isNewer) before.exemplar = value.exemplar;
    }
  }
  return [...sums.values()];
}
