// Puts the metrics of the table (`contracts/metrics.ts`) into a registry. Their values are read
// when the registry is, so they cost nothing while orders are placed.

import type { Metric, MetricObject, Registry } from 'prom-client';
import { type LabelsOf, type MetricName, METRICS } from '../../contracts/metrics.ts';
import type { DurationSample } from '../../domain/duration-counts.ts';

type Value<N extends MetricName> = readonly [labels: LabelsOf<N>, value: number];

/** The trace of a request that was counted in a bucket. */
export interface Exemplar {
  readonly traceId: string;
  readonly durationMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Durations of some labels, with the newest exemplar of each bucket that has one. */
export interface LabelledDurations<N extends MetricName> {
  readonly labels: LabelsOf<N>;
  readonly durations: DurationSample;
  readonly exemplars?: readonly (Exemplar | undefined)[] | null;
}

/** As `prom-client` has them. */
interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>;
    readonly value: number;
    /** Seconds since the Unix epoch. */
    readonly timestamp: number;
  };
}

/** Values with labels. To be called once for each registry and name. */
export function serve<N extends MetricName>(
  registry: Registry,
  name: N,
  read: () => readonly Value<N>[] | Promise<readonly Value<N>[]>,
): void {
  register(registry, name, async () => {
    const values = await read();
    return values.map(([labels, value]) => ({ labels, value }));
  });
}

/** One value without labels; null while it is not known. */
export function serveValue(
  registry: Registry,
  name: MetricName,
  read: () => number | null | Promise<number | null>,
): void {
  register(registry, name, async () => {
    const value = await read();
    return value === null ? [] : [{ labels: {}, value }];
  });
}

/** Durations, in seconds. None where nothing was counted. */
export function serveDurations<N extends MetricName>(
  registry: Registry,
  name: N,
  read: () => readonly LabelledDurations<N>[],
): void {
  register(registry, name, () =>
    read().flatMap((one) => (isEmpty(one.durations) ? [] : linesOf(name, one))),
  );
}

function isEmpty({ boundsMs, counts }: DurationSample): boolean {
  for (let bucket = 0; bucket <= boundsMs.length; bucket++) if (counts[bucket] !== 0) return false;
  return true;
}

function linesOf<N extends MetricName>(
  name: N,
  { labels, durations: { boundsMs, counts, sumMs }, exemplars }: LabelledDurations<N>,
): Line[] {
  const lines: Line[] = [];
  const metricName = `${name}_bucket`;
  const texts = boundTexts(boundsMs);
  let total = 0;
  for (let bucket = 0; bucket <= boundsMs.length; bucket++) {
    total += counts[bucket]!;
    const line = { labels: { ...labels, le: texts[bucket]! }, value: total, metricName };
    const found = exemplars?.[bucket];
    lines.push(found === undefined ? line : { ...line, exemplar: exemplarOf(found) });
  }
  lines.push({ labels, value: sumMs / 1000, metricName: `${name}_sum` });
  lines.push({ labels, value: total, metricName: `${name}_count` });
  return lines;
}

const textsOf = new WeakMap<readonly number[], readonly string[]>();

/** Made once for each list, since a scrape has hundreds of histograms with few lists of bounds. */
function boundTexts(boundsMs: readonly number[]): readonly string[] {
  let texts = textsOf.get(boundsMs);
  if (texts === undefined) {
    texts = [...boundsMs.map(boundText), '+Inf'];
    textsOf.set(boundsMs, texts);
  }
  return texts;
}

/** In seconds, as OpenMetrics writes it: with a point. Both formats have the same series. */
function boundText(boundMs: number): string {
  const text = String(boundMs / 1000);
  return text.includes('.') ? text : `${text}.0`;
}

function exemplarOf({ traceId, durationMs, at }: Exemplar): NonNullable<Line['exemplar']> {
  return { labelSet: { trace_id: traceId }, value: durationMs / 1000, timestamp: at / 1000 };
}

function register(
  registry: Registry,
  name: MetricName,
  read: () => readonly Line[] | Promise<readonly Line[]>,
): void {
  const { help, type } = METRICS[name];
  const head = { name, help, type, aggregator: 'sum' } as const;
  const get = async () => ({ ...head, values: await read() }) as unknown as MetricObject;
  registry.registerMetric({ ...head, get, reset: () => undefined } as unknown as Metric);
}
