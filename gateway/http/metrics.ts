// The gateway's counts of its requests. The order path may not call the metrics library, so counts
// are plain arrays, which are only read for /metrics.

import { collectDefaultMetrics, type Registry } from 'prom-client';
import {
  addGauge,
  type HistogramValue,
  histogramValues,
  type MetricSources,
  registerSources,
  sampled,
} from './metric-sources.ts';
import type { CacheSample } from '../../contracts/caches.ts';
import { registerCacheMetrics } from './cache-metrics.ts';
import { registerPushMetrics } from './push-metrics.ts';
import { registerReachMetrics } from './reach-metrics.ts';
import { registerSearchMetrics } from './search-metrics.ts';
import { registerWebhookMetrics } from './webhook-metrics.ts';

const BOUNDS_MS: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
/** The last bucket has all durations above the bounds. */
const BUCKET_COUNT = BOUNDS_MS.length + 1;
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
    while (bucket < BOUNDS_MS.length && durationMs > BOUNDS_MS[bucket]!) bucket += 1;
    this.counts[statusClass * BUCKET_COUNT + bucket]! += 1;
    this.sumsMs[statusClass]! += durationMs;
  }
}

function routeValues(routes: readonly RouteCounts[]): HistogramValue[] {
  const values: HistogramValue[] = [];
  for (const { method, route, counts, sumsMs } of routes) {
    for (const [index, status] of CLASSES.entries()) {
      const from = index * BUCKET_COUNT;
      values.push(
        ...histogramValues(
          NAME,
          { method, route, status },
          {
            boundsMs: BOUNDS_MS,
            counts: counts.subarray(from, from + BUCKET_COUNT),
            sumMs: sumsMs[index]!,
          },
        ),
      );
    }
  }
  return values;
}

export interface GatewayGauges {
  readonly requestsInFlight: () => number;
  readonly liveConnections: () => number;
  readonly watchedDrops: () => number;
  readonly restricted: () => number;
  readonly ordersWaiting: () => number;
  readonly ordersWaitingMax: () => number;
  readonly caches: () => readonly CacheSample[];
  /** Values of other parts of the node. */
  readonly sources: MetricSources;
}

export function registerMetrics(
  registry: Registry,
  routes: readonly RouteCounts[],
  gauges: GatewayGauges,
): void {
  const { requestsInFlight, liveConnections, watchedDrops, sources } = gauges;
  const { ordersWaiting, ordersWaitingMax } = gauges;
  registry.registerMetric(
    sampled({ name: NAME, help: HELP, type: 'histogram' }, () => routeValues(routes)),
  );
  const inFlight = 'livedrops_http_requests_in_flight';
  addGauge(registry, inFlight, 'Requests not yet answered.', requestsInFlight);
  addGauge(registry, 'livedrops_live_connections', 'Open live streams.', liveConnections);
  addGauge(registry, 'livedrops_gateway_watched_drops', 'Drop views in the cache.', watchedDrops);
  const restricted = 'livedrops_gateway_restricted';
  addGauge(
    registry,
    restricted,
    'Who is banned or stands as a seller, and what is taken down.',
    gauges.restricted,
  );
  addGauge(registry, 'livedrops_orders_waiting', 'Orders not yet answered.', ordersWaiting);
  const limit = 'livedrops_orders_waiting_limit';
  addGauge(registry, limit, 'Orders that may wait now; more are refused.', ordersWaitingMax);
  registerSources(registry, sources);
  registerCacheMetrics(registry, gauges.caches);
  if (sources.search !== undefined) registerSearchMetrics(registry, sources.search);
  if (sources.push !== undefined) registerPushMetrics(registry, sources.push);
  if (sources.reach !== undefined) registerReachMetrics(registry, sources.reach);
  if (sources.webhooks !== undefined) registerWebhookMetrics(registry, sources.webhooks);
  // One process may have several roles that share a registry.
  if (registry.getSingleMetric('process_cpu_user_seconds_total') === undefined) {
    collectDefaultMetrics({ register: registry });
  }
}
