// Registers all metrics of a node: those of the gateway itself, and those of the node's other
// parts.

import type { Registry } from 'prom-client';
import type { CacheSample } from '../../contracts/caches.ts';
import { registerCacheMetrics } from './cache-metrics.ts';
import type { MetricSources } from './metric-sources.ts';
import { registerProcessMetrics } from './node-metrics.ts';
import type { RefusalCounts, RouteCounts } from './route-counts.ts';
import { serve, serveDurations, serveValue } from './serve.ts';
import { registerServiceLevels } from './service-levels.ts';
import { registerSources } from './source-metrics.ts';

export interface GatewayGauges {
  readonly isReady: () => boolean;
  readonly requestsInFlight: () => number;
  readonly liveConnections: () => number;
  readonly watchedDrops: () => number;
  readonly restricted: () => number;
  readonly ordersWaiting: () => number;
  readonly ordersWaitingMax: () => number;
  readonly caches: () => readonly CacheSample[];
  /** Refused requests of the order path, and of all other routes. */
  readonly refusals: { readonly orders: RefusalCounts; readonly others: RefusalCounts };
  /** Values of other parts of the node. */
  readonly sources: MetricSources;
}

/** To be called once for each registry. */
export function registerMetrics(
  registry: Registry,
  routes: readonly RouteCounts[],
  gauges: GatewayGauges,
): void {
  const { refusals } = gauges;
  serveDurations(registry, 'livedrops_http_request_duration_seconds', () =>
    routes.flatMap((route) => route.samples()),
  );
  registerServiceLevels(registry, routes);
  serve(registry, 'livedrops_http_refusals_total', () =>
    (['orders', 'others'] as const).flatMap((of) =>
      refusals[of].samples().map(({ code, count }) => [{ of, code }, count] as const),
    ),
  );
  serveValue(registry, 'livedrops_node_ready', () => Number(gauges.isReady()));
  serveValue(registry, 'livedrops_http_requests_in_flight', gauges.requestsInFlight);
  serveValue(registry, 'livedrops_live_connections', gauges.liveConnections);
  serveValue(registry, 'livedrops_gateway_watched_drops', gauges.watchedDrops);
  serveValue(registry, 'livedrops_gateway_restricted', gauges.restricted);
  serveValue(registry, 'livedrops_orders_waiting', gauges.ordersWaiting);
  serveValue(registry, 'livedrops_orders_waiting_limit', gauges.ordersWaitingMax);
  registerSources(registry, gauges.sources);
  registerCacheMetrics(registry, gauges.caches);
  registerProcessMetrics(registry);
}
