// What a list of samples says, in three numbers, and how figures are written for people: in
// terminal tables, on the report page and in comparisons alike.

import { median } from './measure.ts';
import type { Finding, LatencyPoint, Subject } from './scenario.ts';

export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many samples there were, at least one. */
  readonly samples: number;
}

/** Null where there is no sample. */
export function rangeOf(samples: readonly number[]): Range | null {
  if (samples.length === 0) return null;
  return {
    median: median(samples),
    min: Math.min(...samples),
    max: Math.max(...samples),
    samples: samples.length,
  };
}

/** A figure's samples, from the rounds that have one. */
export function samplesOf(subject: Subject, figure: string): number[] {
  return subject.samples.flatMap(({ figures }) => {
    const value = figures[figure];
    return value === undefined ? [] : [value];
  });
}

/** The median of all rounds at each percentile; empty where no latency was kept. */
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

/** `none`: nothing is aimed at. `unmeasured`: there is an aim, and no sample. */
export type Verdict = 'met' | 'missed' | 'none' | 'unmeasured';

export function verdictOf({ aim, better, samples }: Finding): Verdict {
  const range = rangeOf(samples);
  if (range === null) return 'unmeasured';
  if (aim === null) return 'none';
  return (better === 'more' ? range.median >= aim : range.median <= aim) ? 'met' : 'missed';
}

/** `21,432.5`; `-` for nothing. */
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

/** `0.42 to 0.57`; empty where all samples read the same. */
export function spreadText(range: Range | null, digits: number): string {
  if (range === null) return '';
  const [min, max] = [numberText(range.min, digits), numberText(range.max, digits)];
  return min === max ? '' : `${min} to ${max}`;
}

/** `at least 0.60`, `at most 10 ms`; empty without an aim. */
export function aimText({ aim, better, unit, digits }: Finding): string {
  if (aim === null) return '';
  const bound = better === 'more' ? 'at least' : 'at most';
  return `${bound} ${withUnit(numberText(aim, digits), unit)}`;
}
