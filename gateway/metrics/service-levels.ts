// Requests as the service levels count them, summed up from the counts of routes when /metrics is
// read. Their series are there from the first scrape on: Prometheus sees no rise in a series that
// begins with a burst, and a sale is one.

import type { Registry } from 'prom-client';
import { SERVICE_KINDS, type ServiceKind, SLOW_AFTER_MS } from '../../contracts/service-levels.ts';
import type { RouteDefinition } from '../http/route.ts';
import type { RouteCounts } from './route-counts.ts';
import { serve } from './serve.ts';

/** Null: not a request to the API. */
export function serviceKindOf({
  method,
  path,
  rateClass,
}: Pick<RouteDefinition, 'method' | 'path' | 'rateClass'>): ServiceKind | null {
  if (!path.startsWith('/v1/')) return null;
  if (rateClass === 'orders') return 'orders';
  const reads = rateClass === 'reads' || rateClass === 'searches';
  return reads && method === 'GET' ? 'reads' : 'others';
}

export function registerServiceLevels(registry: Registry, routes: readonly RouteCounts[]): void {
  const ofKind = (kind: ServiceKind) => routes.filter((route) => route.kind === kind);
  const byKind = new Map(SERVICE_KINDS.map((kind) => [kind, ofKind(kind)]));
  const summed = (kind: ServiceKind, of: (route: RouteCounts) => number): number =>
    byKind.get(kind)!.reduce((sum, route) => sum + of(route), 0);
  serve(registry, 'livedrops_service_requests_total', () =>
    SERVICE_KINDS.map((kind) => [{ kind }, summed(kind, (route) => route.requests())]),
  );
  serve(registry, 'livedrops_service_failures_total', () =>
    SERVICE_KINDS.map((kind) => [{ kind }, summed(kind, (route) => route.failures())]),
  );
  serve(registry, 'livedrops_service_slow_total', () =>
    (['orders', 'reads'] as const).map((kind) => [
      { kind },
      summed(kind, (route) => route.slowerThan(SLOW_AFTER_MS[kind])),
    ]),
  );
}
