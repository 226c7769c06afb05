// What a scrape gets: the text format of Prometheus, or OpenMetrics 1.0 for who asks for it, which
// has exemplars too.

import {
  type Metric,
  type MetricObjectWithValues,
  type MetricValue,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client';

import type { MetricSources } from './metric-sources.ts';
import { withThreads } from './thread-metrics.ts';

const OPEN_METRICS = 'application/openmetrics-text';
const TEXT = 'text/plain';
const VERSION = '1.0.0';

export interface Exposed {
  readonly mediaType: string;
  readonly text: string;
}

export class Exposition {
  readonly #registry: Registry;
  readonly #threads: MetricSources['gatewayThreads'];

  /** `threads`: what is added of gateway threads; nothing unless given. */
  constructor(registry: Registry, threads?: MetricSources['gatewayThreads']) {
    this.#registry = registry;
    this.#threads = threads;
  }

  /** `accept`: the header of the request; empty where it has none. */
  async text(accept: string): Promise<Exposed> {
    const whole = await withThreads(this.#registry, this.#threads);
    const registry = prefersOpenMetrics(accept) ? openMetricsOf(whole) : whole;
    return { mediaType: registry.contentType, text: await registry.metrics() };
  }
}

/**
 * The same metrics in a registry that writes OpenMetrics. It renames counters in place, so that it
 * gets objects of its own.
 */
function openMetricsOf(registry: Registry): Registry<OpenMetricsContentType> {
  const open = new Registry<OpenMetricsContentType>();
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of registry.getMetricsAsArray()) {
    const name = metric.name.replace(/_total$/, '');
    const get = async () => ({ ...(await valuesOf(metric)), name });
    const { help, type } = metric;
    open.registerMetric({ name, help, type, get } as unknown as Metric);
  }
  return open;
}

/** `prom-client` does not say that what it returns of a registry has `get`. */
function valuesOf(metric: unknown): Promise<MetricObjectWithValues<MetricValue<string>>> {
  return (metric as Metric).get();
}

/**
 * By RFC 9110: the higher weight wins, and of equal ones OpenMetrics, where the client names it.
 */
function prefersOpenMetrics(accept: string): boolean {
  const open = weightOf(accept, OPEN_METRICS);
  return open > 0 && open >= weightOf(accept, TEXT);
}

/** The highest weight of a media type that the header names; 0 where it does not. */
function weightOf(accept: string, mediaType: string): number {
  let highest = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (type !== mediaType) continue;
    const values = new Map(parameters.map((one) => one.split('=', 2) as [string, string]));
    const version = values.get('version');
    if (mediaType === OPEN_METRICS && version !== undefined && version !== VERSION) continue;
    const weight = Number(values.get('q') ?? 1);
    if (weight > highest) highest = weight;
  }
  return highest;
}
