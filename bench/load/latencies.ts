// Millions of durations in a fixed piece of memory, and how they are spread. A log-linear histogram
// after HdrHistogram: whole microseconds below 256 of them, then 128 steps to each power of two, so
// that whatever is told is within 0.4 % of what was measured, from a microsecond to half an hour.

import { LATENCY_PERCENTILES, type LatencyPoint } from '../scenario.ts';

/** To each power of two, 2 to the power of this. */
const STEP_BITS = 7;
const MICROS_MAX = 2 ** 31 - 1;
const STEPS = stepOf(MICROS_MAX) + 1;

export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What was added to one process's, to be joined with that of others. */
export interface KeptLatencies {
  /** Of the steps that have any. */
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

  kept(): KeptLatencies {
    const counts = [...this.#counts.entries()].filter(([, count]) => count > 0);
    return { counts, maxMs: this.#max };
  }

  join({ counts, maxMs }: KeptLatencies): void {
    for (const [step, count] of counts) {
      this.#counts[step]! += count;
      this.#count += count;
    }
    this.#max = Math.max(this.#max, maxMs);
  }

  spread(): Spread {
    return { p50Ms: this.#percentile(50), p99Ms: this.#percentile(99), maxMs: this.#max };
  }

  /** At `LATENCY_PERCENTILES`; zeros where nothing was added. */
  points(): LatencyPoint[] {
    return LATENCY_PERCENTILES.map((percentile) => [percentile, this.#percentile(percentile)]);
  }

  /** The least duration that this share of all did not exceed. */
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

/** Of the durations that a step holds, in microseconds. */
function middleOf(step: number): number {
  const shift = Math.max(0, (step >> STEP_BITS) - 1);
  const least = (step - (shift << STEP_BITS)) * 2 ** shift;
  return least + (2 ** shift - 1) / 2;
}

/** One of `LATENCY_PERCENTILES`. Throws where it was not kept. */
export function atPercentile(points: readonly LatencyPoint[], wanted: number): number {
  const point = points.find(([of]) => of === wanted);
  if (point === undefined) throw new RangeError(`percentile ${wanted} was not kept`);
  return point[1];
}
