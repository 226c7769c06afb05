// What a case of an alarm is made of, and the kinds of cases that many alarms have.

import { type Matches, series, type SeriesName } from '../../deploy/observe/promql.ts';

export interface InputSeries {
  readonly metric: SeriesName;
  readonly name: string;
  /** Its value at each step: a number for all of them, or how much it grows with each. */
  readonly value:
    | number
    | { readonly grows: number; readonly steps?: number }
    /** It is there for some steps only. */
    | { readonly value: number; readonly steps: number };
}

type Alerted = Readonly<Record<string, string>>;

export interface AlarmCase {
  readonly stepSeconds: number;
  /** When the alarm is looked at, in seconds. */
  readonly atSeconds: number;
  readonly firing: readonly InputSeries[];
  /** Other ways in which it fires, by what they are. */
  readonly alsoFiring?: Readonly<Record<string, readonly InputSeries[]>>;
  /** Labels of the alert. */
  readonly alerted: Alerted;
  readonly silent: Readonly<Record<string, readonly InputSeries[]>>;
  /** The alert of an alarm that fires because a series is missing. */
  readonly whenMissing?: Alerted;
}

export const NODE = 'node-1:8080';
/** Enough for every `for` that is not about hours. */
const STEPS = 150;

/** A series of one node. Labels are given whole. */
export function has<S extends SeriesName>(
  metric: S,
  value: InputSeries['value'],
  labels?: Matches<S>,
): InputSeries {
  const matches = { ...labels, instance: NODE } as unknown as Matches<S>;
  return { metric, name: series(metric, matches), value };
}

/** The same of another node. */
export function other<S extends SeriesName>(
  metric: S,
  value: InputSeries['value'],
  labels?: Matches<S>,
): InputSeries {
  const one = has(metric, value, labels);
  return { ...one, name: one.name.replace(NODE, 'node-2:8080') };
}

/** A gauge above its limit, and at it. */
export function above<S extends SeriesName>(
  metric: S,
  limit: number,
  forSeconds: number,
  alerted: Alerted,
  labels?: Matches<S>,
): AlarmCase {
  return {
    stepSeconds: 5,
    atSeconds: forSeconds + 10,
    firing: [has(metric, limit + 1, labels)],
    alerted,
    silent: { 'at the limit': [has(metric, limit, labels)] },
  };
}

/** A counter that grows, and one that stands. */
export function growing<S extends SeriesName>(
  metric: S,
  alerted: Alerted,
  labels?: Matches<S>,
): AlarmCase {
  return {
    stepSeconds: 60,
    atSeconds: 900,
    firing: [has(metric, { grows: 1 }, labels)],
    alerted,
    silent: { 'it stands': [has(metric, 7, labels)] },
  };
}

interface Burning {
  readonly share: number;
  readonly stepSeconds: number;
  readonly atSeconds: number;
  readonly longSeconds: number;
}
const REQUESTS_A_STEP = 10_000;

/** A share of bad requests above and below what the alarm takes, over both windows. */
export function burning(
  metric: 'livedrops_service_failures_total' | 'livedrops_service_slow_total',
  kind: 'orders' | 'reads',
  { share, stepSeconds, atSeconds, longSeconds }: Burning,
): AlarmCase {
  const all = has('livedrops_service_requests_total', { grows: REQUESTS_A_STEP }, { kind });
  const bad = (factor: number, steps?: number): InputSeries => {
    const grows = Math.round(REQUESTS_A_STEP * share * factor);
    return has(metric, steps === undefined ? { grows } : { grows, steps }, { kind });
  };
  const few = has('livedrops_service_requests_total', { grows: 1 }, { kind });
  return {
    stepSeconds,
    atSeconds,
    firing: [all, bad(1.2)],
    alerted: {},
    silent: {
      'below the share': [all, bad(0.8)],
      'it is over': [all, bad(1.3, Math.floor((longSeconds / stepSeconds) * 0.9))],
      // One at the begin, and none afterwards.
      'hardly any requests': [few, has(metric, { grows: 1, steps: 5 }, { kind })],
    },
  };
}

/** In promtool's notation. */
export function valuesOf({ value }: InputSeries): string {
  if (typeof value === 'number') return `${value}x${STEPS}`;
  if ('value' in value) return `${value.value}x${value.steps} stale`;
  const { grows, steps } = value;
  if (steps === undefined) return `0+${grows}x${STEPS}`;
  return `0+${grows}x${steps} ${grows * steps}x${STEPS - steps}`;
}
