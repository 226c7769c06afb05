// The names in PromQL, checked by the compiler against the table of metrics: a series that no node
// serves, a label that it does not have, or a value that the label never has, is an error. All else
// of PromQL is text.

import type { METRICS, MetricName } from '../../contracts/metrics.ts';
import type { RecordedSeries } from './burn-rates.ts';

/** Of the scrape configuration (`prometheus.yml`). */
export const JOB = 'livedrops';
/** Prometheus adds it to each series: the address of the node that was scraped. */
export const NODE_LABEL = 'instance';
/** The nodes that are chosen above a board's panels. */
const CHOSEN_NODES = '$node';

/** Not of our nodes: what Prometheus makes itself, and what its blackbox exporter serves. */
export const OTHER_SERIES = {
  up: ['job', NODE_LABEL],
  scrape_duration_seconds: ['job', NODE_LABEL],
  scrape_samples_scraped: ['job', NODE_LABEL],
  ALERTS: ['alertname', 'alertstate', 'severity', NODE_LABEL],
  probe_ssl_earliest_cert_expiry: ['job', NODE_LABEL],
} as const;
type OtherSeries = keyof typeof OTHER_SERIES;

type Metrics = typeof METRICS;
type HistogramName = {
  [N in MetricName]: Metrics[N]['type'] extends 'histogram' ? N : never;
}[MetricName];
type HistogramPart = 'bucket' | 'sum' | 'count';

/** The series of the table: of a histogram its parts. */
export type MetricSeries = Exclude<MetricName, HistogramName> | `${HistogramName}_${HistogramPart}`;
export type SeriesName = MetricSeries | RecordedSeries | OtherSeries;

type MetricOf<S extends SeriesName> = S extends MetricName
  ? S
  : S extends `${infer N extends HistogramName}_${HistogramPart}`
    ? N
    : never;
type ValuesOf<L> = L extends readonly (infer V extends string)[] ? V : string;

/** Equal to the text, to one of the texts, or to anything but the text. */
type Match<V extends string> = V | readonly V[] | { readonly not: V };

export type Matches<S extends SeriesName> = S extends OtherSeries
  ? { readonly [L in (typeof OTHER_SERIES)[S][number]]?: Match<string> }
  : S extends RecordedSeries
    ? undefined
    : {
        readonly [L in keyof Metrics[MetricOf<S>]['labels']]?: Match<
          ValuesOf<Metrics[MetricOf<S>]['labels'][L]>
        >;
      };

/** Of all nodes. */
export function series<S extends SeriesName>(name: S, labels?: Matches<S>): string {
  return selector(name, labels);
}

/** Of the nodes that are chosen above a board's panels. */
export function ofNodes<S extends MetricSeries | 'up'>(name: S, labels?: Matches<S>): string {
  return selector(name, labels, [`${NODE_LABEL}=~"${CHOSEN_NODES}"`]);
}

type Labels = Readonly<Record<string, Match<string>>>;

function selector(name: string, labels: Labels = {}, more: readonly string[] = []): string {
  const matchers = Object.entries(labels).map(([label, match]) => matcher(label, match));
  const all = [...matchers, ...more];
  return all.length === 0 ? name : `${name}{${all.join(', ')}}`;
}

function matcher(label: string, match: Match<string>): string {
  if (typeof match === 'string') return `${label}="${match}"`;
  if ('not' in match) return `${label}!="${match.not}"`;
  return `${label}=~"${match.join('|')}"`;
}
