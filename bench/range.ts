// Summarises samples (median, least, greatest) and formats figures for people. Terminal tables, the
// report page and comparisons use the same functions.

import { median } from './measure.ts';
import type { Finding, LatencyPoint, Subject } from './scenario.ts';

export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Number of samples, at least one. */
  readonly samples: number;
}

/** Null without samples. */
export function rangeOf(samples: readonly number[]): Range | null {
  if (samples.length === 0) return null;
  return {
    median: median(samples),
    min: Math.min(...samples),
    max: Math.max(...samples),
    samples: samples.length,
  };
}

/** The samples of a figure, from the rounds that have the figure. */
export function samplesOf(subject: Subject, figure: string): number[] {
  return subject.samples.flatMap(({ figures }) => {
    const value = figures[figure];
    return value === undefined ? [] : [value];
  });
}

/** The median of all rounds at each percentile; empty if the samples have no latencies. */
export function latencyOf(subject: Subject): LatencyPoint[] {
  const rounds = new Map<number, number[]>();
  for (const { latency = [] } of subject.samples) {
    for (const [percentile, ms] of latency) {
      const values = rounds.get(percentile);
      if (values === undefined) rounds.set(percentile, [ms]);
      else values.push(ms);
    }
  }
  return [...rounds]
    .map(([percentile, values]): LatencyPoint => [percentile, median(values)])
    .sort(([a], [b]) => a - b);
}

/** `none`: the finding has no aim. `unmeasured`: the finding has an aim but no sample. */
export type Verdict = 'met' | 'missed' | 'none' | 'unmeasured';

export function verdictOf({ aim, better, samples }: Finding): Verdict {
  const range = rangeOf(samples);
  if (range === null) return 'unmeasured';
  if (aim === null) return 'none';
  return (better === 'more' ? range.median >= aim : range.median <= aim) ? 'met' : 'missed';
}

/** Formats a number as `21,432.5`; null and undefined as `-`. */
export function numberText(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined) return '-';
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function withUnit(text: string, unit: string): string {
  return unit === '' || text === '-' ? text : `${text} ${unit}`;
}

/** Formats a spread as `0.42 to 0.57`; empty if both ends read the same. */
export function spreadText(range: Range | null, digits: number): string {
  if (range === null) return '';
  const [min, max] = [numberText(range.min, digits), numberText(range.max, digits)];
  return min === max ? '' : `${min} to ${max}`;
}

/** Formats an aim as `at least 0.60` or `at most 10 ms`; empty without an aim. */
export function aimText({ aim, better, unit, digits }: Finding): string {
  if (aim === null) return '';
  const bound = better === 'more' ? 'at least' : 'at most';
  return `${bound} ${withUnit(numberText(aim, digits), unit)}`;
}
