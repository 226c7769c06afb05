// The stretches of time that analytics are looked at over, and their steps in full.

import type { Analytics, AnalyticsPoint, Drop } from '../../../sdk/api.ts';

export type RangeName = 'opening' | 'whole' | 'hour' | 'day' | 'week' | 'month';

export interface RangeQuery {
  readonly step: Analytics['step'];
  readonly from?: string;
  readonly to?: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEP_MS = { second: 1_000, minute: MINUTE_MS, hour: HOUR_MS } as const;
/** Of one answer, with some to spare for steps that have begun. */
const STEPS_MAX = 1_490;
/** The server keeps minutes for 30 days. */
const MINUTES_KEPT_MS = 29 * DAY_MS;
const LENGTHS = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS } as const;

export function stepMsOf(step: Analytics['step']): number {
  return STEP_MS[step];
}

/** `drop` for the ranges of one: its opening by the second, and all of its time. */
export function rangeQuery(
  name: RangeName,
  now: number,
  drop: Pick<Drop, 'startsAt' | 'endsAt'> | null = null,
): RangeQuery {
  if (name === 'opening') return { step: 'second' };
  if (name === 'whole') {
    if (drop === null) throw new RangeError('only a drop has a whole time');
    const [start, end] = [Date.parse(drop.startsAt), Date.parse(drop.endsAt)];
    return within(Math.min(start, now - HOUR_MS), Math.min(end, now), now);
  }
  return within(now - LENGTHS[name], now, now);
}

/** By the minute where the server has them and there is room, else by the hour, the newest ones. */
function within(from: number, to: number, now: number): RangeQuery {
  const hasMinutes = (to - from) / MINUTE_MS <= STEPS_MAX && now - from <= MINUTES_KEPT_MS;
  const step = hasMinutes ? 'minute' : 'hour';
  const first = Math.max(from, to - STEPS_MAX * STEP_MS[step]);
  return { step, from: new Date(first).toISOString(), to: new Date(to).toISOString() };
}

export interface FullSteps {
  /** The beginnings of all steps, in milliseconds since the Unix epoch. */
  readonly times: readonly number[];
  /** Null: nothing happened. */
  readonly points: readonly (AnalyticsPoint | null)[];
}

/** An answer leaves out steps in which nothing happened; a chart needs them. */
export function fullSteps({
  step,
  from,
  to,
  points,
}: Pick<Analytics, 'step' | 'from' | 'to' | 'points'>): FullSteps {
  const stepMs = STEP_MS[step];
  const known = new Map(points.map((point) => [Date.parse(point.at), point]));
  const times: number[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += stepMs) times.push(at);
  return { times, points: times.map((at) => known.get(at) ?? null) };
}
