// Arithmetic on the samples of nodes: sums, rates and percentiles between two scrapes.

import type { MetricName } from '../../contracts/metrics.ts';
import type { Sample } from '../../contracts/alarms.ts';

/** By the id of the node, or by its address where it does not name itself. */
export type Scrapes = ReadonlyMap<string, readonly Sample[]>;
type Labels = Readonly<Record<string, string>>;
export type Matches = (labels: Labels) => boolean;

const ALL: Matches = () => true;

/** Of each node the samples of a metric that match. */
function* samplesOf(scrapes: Scrapes, name: string, matches: Matches) {
  for (const [node, samples] of scrapes)
    for (const sample of samples)
      if (sample.name === name && matches(sample.labels)) yield { node, ...sample };
}

export function sumOf(scrapes: Scrapes, name: MetricName, matches = ALL): number {
  let sum = 0;
  for (const { value } of samplesOf(scrapes, name, matches)) sum += value;
  return sum;
}

/** Of what every node says of the whole store, and of what is bad on one node; 0 without any. */
export function maxOf(scrapes: Scrapes, name: MetricName, matches = ALL): number {
  let max = 0;
  for (const { value } of samplesOf(scrapes, name, matches)) max = Math.max(max, value);
  return max;
}

/** Of each node that serves the metric. `of`: what of each value is compared. */
export function maxByNode(
  scrapes: Scrapes,
  name: MetricName,
  matches = ALL,
  of: (value: number) => number = (value) => value,
): Map<string, number> {
  return byNode(scrapes, name, matches, (max, value) => Math.max(max, of(value)), -Infinity);
}

/** Of each node that serves the metric. */
export function minByNode(scrapes: Scrapes, name: MetricName): Map<string, number> {
  return byNode(scrapes, name, ALL, Math.min, Infinity);
}

function byNode(
  scrapes: Scrapes,
  name: MetricName,
  matches: Matches,
  fold: (so: number, value: number) => number,
  start: number,
): Map<string, number> {
  const values = new Map<string, number>();
  for (const { node, value } of samplesOf(scrapes, name, matches))
    values.set(node, fold(values.get(node) ?? start, value));
  return values;
}

/** By the values of a label, each with the sum and the largest of its samples. */
export function byLabel(
  scrapes: Scrapes,
  name: MetricName,
  label: string,
  matches = ALL,
): Map<string, { sum: number; max: number }> {
  const groups = new Map<string, { sum: number; max: number }>();
  for (const { labels, value } of samplesOf(scrapes, name, matches)) {
    const key = labels[label] ?? '';
    const { sum, max } = groups.get(key) ?? { sum: 0, max: 0 };
    groups.set(key, { sum: sum + value, max: Math.max(max, value) });
  }
  return groups;
}

/**
 * By how much a counter rose between two scrapes, on nodes that are in both. A counter that fell
 * began again with its process.
 */
export function rise(before: Scrapes, after: Scrapes, name: string, matches = ALL): number {
  let sum = 0;
  for (const { rise: one } of rises(before, after, name, matches)) sum += one;
  return sum;
}

/** As `rise`, by the values of a label. */
export function riseByLabel(
  before: Scrapes,
  after: Scrapes,
  name: MetricName,
  label: string,
  matches = ALL,
): Map<string, number> {
  const groups = new Map<string, number>();
  for (const { labels, rise: one } of rises(before, after, name, matches)) {
    const key = labels[label] ?? '';
    groups.set(key, (groups.get(key) ?? 0) + one);
  }
  return groups;
}

function* rises(before: Scrapes, after: Scrapes, name: string, matches: Matches) {
  const earlier = new Map<string, number>();
  for (const { node, labels, value } of samplesOf(before, name, matches))
    earlier.set(seriesKey(node, labels), value);
  for (const { node, labels, value } of samplesOf(after, name, matches)) {
    if (!before.has(node)) continue;
    const was = earlier.get(seriesKey(node, labels)) ?? 0;
    yield { labels, rise: value < was ? value : value - was };
  }
}

function seriesKey(node: string, labels: Labels): string {
  return JSON.stringify([node, labels]);
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * Of a histogram between two scrapes, in seconds: as Prometheus's `histogram_quantile` has them,
 * with observations spread evenly in their bucket. Null without an observation.
 */
export function percentiles(
  before: Scrapes,
  after: Scrapes,
  name: MetricName,
  matches = ALL,
): Percentiles | null {
  const buckets = riseOfBuckets(before, after, name, matches);
  const total = buckets.at(-1)?.count ?? 0;
  if (total <= 0) return null;
  const at = (share: number) => quantile(buckets, share * total);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

interface Bucket {
  readonly edge: number;
  /** Of observations up to the edge. */
  readonly count: number;
}

function riseOfBuckets(
  before: Scrapes,
  after: Scrapes,
  name: MetricName,
  matches: Matches,
): Bucket[] {
  const counts = new Map<number, number>();
  for (const { labels, rise: one } of rises(before, after, `${name}_bucket`, matches)) {
    const edge = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    counts.set(edge, (counts.get(edge) ?? 0) + one);
  }
  return [...counts].map(([edge, count]) => ({ edge, count })).toSorted((a, b) => a.edge - b.edge);
}

function quantile(buckets: readonly Bucket[], rank: number): number {
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { edge, count } = buckets[index]!;
  const { edge: from, count: below } = buckets[index - 1] ?? { edge: 0, count: 0 };
  // Past the last edge nothing more is known.
  if (edge === Infinity) return from;
  return from + (edge - from) * ((rank - below) / Math.max(count - below, 1));
}
