// What the gateway counts of its requests. The order path may not call into the metrics library, so
// counts are plain arrays that are read only when somebody asks for /metrics.

import {
  collectDefaultMetrics,
  Gauge,
  type Metric,
  type MetricObject,
  type Registry,
} from 'prom-client';

/** Upper bounds in milliseconds; one more bucket holds the rest. */
const BUCKETS_MS: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
const BUCKET_COUNT = BUCKETS_MS.length + 1;
const CLASSES: readonly string[] = ['1xx', '2xx', '3xx', '4xx', '5xx'];

const NAME = 'livedrops_http_request_duration_seconds';
const HELP = 'Time from the head of a request to its reply, by route and class of status.';

/** One route's requests by class of status and duration. */
export class RouteCounts {
  readonly method: string;
  readonly route: string;
  readonly counts = new Float64Array(CLASSES.length * BUCKET_COUNT);
  readonly sumsMs = new Float64Array(CLASSES.length);

  constructor(options: { method: string; route: string }) {
    this.method = options.method;
    this.route = options.route;
  }

  record(status: number, durationMs: number): void {
    const statusClass = (status / 100 - 1) | 0;
    let bucket = 0;
    while (bucket < BUCKETS_MS.length && durationMs > BUCKETS_MS[bucket]!) bucket += 1;
    this.counts[statusClass * BUCKET_COUNT + bucket]! += 1;
    this.sumsMs[statusClass]! += durationMs;
  }
}

interface Sample {
  labels: Record<string, string | number>;
  value: number;
  metricName: string;
}

/** A histogram as the registry reads it, filled from the counts at the time of reading. */
class RequestHistogram {
  readonly name = NAME;
  readonly help = HELP;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #routes: readonly RouteCounts[];

  constructor(options: { routes: readonly RouteCounts[] }) {
    this.#routes = options.routes;
  }

  get(): MetricObject & { values: Sample[] } {
    const values: Sample[] = [];
    for (const route of this.#routes) {
      for (let statusClass = 0; statusClass < CLASSES.length; statusClass++) {
        addSamples(values, route, statusClass);
      }
    }
    const { name, help, type, aggregator } = this;
    return {
      name,
      help,
      type: type as unknown as MetricObject['type'],
      aggregator,
      values,
    } as never;
  }

  reset(): void {
    for (const route of this.#routes) {
      route.counts.fill(0);
      route.sumsMs.fill(0);
    }
  }
}

function addSamples(values: Sample[], route: RouteCounts, statusClass: number): void {
  const from = statusClass * BUCKET_COUNT;
  const labels = { method: route.method, route: route.route, status: CLASSES[statusClass]! };
  const counts = route.counts.subarray(from, from + BUCKET_COUNT);
  if (counts.every((count) => count === 0)) return;
  let total = 0;
  for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
    total += counts[bucket]!;
    const upTo = BUCKETS_MS[bucket];
    const le = upTo === undefined ? '+Inf' : upTo / 1000;
    values.push({ labels: { ...labels, le }, value: total, metricName: `${NAME}_bucket` });
  }
  values.push({ labels, value: route.sumsMs[statusClass]! / 1000, metricName: `${NAME}_sum` });
  values.push({ labels, value: total, metricName: `${NAME}_count` });
}

export interface GatewayGauges {
  readonly requestsInFlight: () => number;
  readonly liveConnections: () => number;
  readonly watchedDrops: () => number;
}

export function registerMetrics(
  registry: Registry,
  routes: readonly RouteCounts[],
  gauges: GatewayGauges,
): void {
  registry.registerMetric(new RequestHistogram({ routes }) as unknown as Metric);
  addGauge(
    registry,
    'livedrops_http_requests_in_flight',
    'Requests not yet answered.',
    gauges.requestsInFlight,
  );
  addGauge(registry, 'livedrops_live_connections', 'Open live streams.', gauges.liveConnections);
  addGauge(
    registry,
    'livedrops_gateway_watched_drops',
    'Drop views kept here.',
    gauges.watchedDrops,
  );
  // One process may hold several roles that share a registry.
  if (registry.getSingleMetric('process_cpu_user_seconds_total') === undefined) {
    collectDefaultMetrics({ register: registry });
  }
}

function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  const gauge: Gauge = new Gauge({ name, help, registers: [], collect: () => gauge.set(read()) });
  registry.registerMetric(gauge);
}
