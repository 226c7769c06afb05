// A histogram of millions of durations in fixed memory. It is log-linear, after HdrHistogram: whole
// microseconds below 256, then 128 steps for each power of two, so that every reported value is
// within 0.4 % of the measured one, from a microsecond to half an hour.

import { LATENCY_PERCENTILES, type LatencyPoint } from '../scenario.ts';

/** Each power of two has 2^STEP_BITS steps. */
const STEP_BITS = 7;
const MICROS_MAX = 2 ** 31 - 1;
const STEPS = stepOf(MICROS_MAX) + 1;

export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The contents of one histogram, to be merged into another process's. */
export interface LatencyCounts {
  /** Only the steps with a count above 0. */
  readonly counts: readonly (readonly [step: number, count: number])[];
  readonly maxMs: number;
}

export class Latencies {
  readonly #counts = new Uint32Array(STEPS);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#counts[stepOf(Math.max(0, Math.min(MICROS_MAX, Math.round(ms * 1000))))]! += 1;
    this.#count += 1;
    if (ms > this.#max) this.#max = ms;
  }

  snapshot(): LatencyCounts {
    const counts = [...this.#counts.entries()].filter(([, count]) => count > 0);
    return { counts, maxMs: this.#max };
  }

  merge({ counts, maxMs }: LatencyCounts): void {
    for (const [step, count] of counts) {
      this.#counts[step]! += count;
      this.#count += count;
    }
    this.#max = Math.max(this.#max, maxMs);
  }

  spread(): Spread {
    return { p50Ms: this.#percentile(50), p99Ms: this.#percentile(99), maxMs: this.#max };
  }

  /** The values at `LATENCY_PERCENTILES`; zeros if nothing was added. */
  points(): LatencyPoint[] {
    return LATENCY_PERCENTILES.map((percentile) => [percentile, this.#percentile(percentile)]);
  }

  /** The least duration that this percentage of all durations did not exceed. */
  #percentile(percentile: number): number {
    if (percentile === 100 || this.#count === 0) return this.#max;
    let left = (this.#count * percentile) / 100;
    for (let step = 0; step < STEPS; step++) {
      left -= this.#counts[step]!;
      if (left <= 0) return Math.min(middleOf(step) / 1000, this.#max);
    }
    return this.#max;
  }
}

/** The shift grows by one with each power of two, and so does the width of a step. */
function stepOf(micros: number): number {
  const shift = Math.max(0, 31 - STEP_BITS - Math.clz32(micros));
  return (shift << STEP_BITS) + (micros >> shift);
}

/** The middle of the durations of a step, in microseconds. */
function middleOf(step: number): number {
  const shift = Math.max(0, (step >> STEP_BITS) - 1);
  const least = (step - (shift << STEP_BITS)) * 2 ** shift;
  return least + (2 ** shift - 1) / 2;
}

/** The value at one of `LATENCY_PERCENTILES`. Throws for another percentile. */
export function atPercentile(points: readonly LatencyPoint[], percentile: number): number {
  const point = points.find(([of]) => of === percentile);
  if (point === undefined) throw new RangeError(`percentile ${percentile} is not stored`);
  return point[1];
}
