// Millions of durations in a fixed piece of memory, and how they are spread.

import { LATENCY_PERCENTILES, type LatencyPoint } from '../scenario.ts';

const STEP_MS = 0.05;
const STEPS = 200_000;

export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
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
    this.#counts[Math.max(0, Math.min(STEPS - 1, Math.round(ms / STEP_MS)))]! += 1;
    this.#count += 1;
    if (ms > this.#max) this.#max = ms;
  }

  spread(): Spread {
    return { p50Ms: this.#percentile(0.5), p99Ms: this.#percentile(0.99), maxMs: this.#max };
  }

  /** At `LATENCY_PERCENTILES`. */
  points(): LatencyPoint[] {
    return LATENCY_PERCENTILES.map((percentile) => [
      percentile,
      percentile === 100 ? this.#max : this.#percentile(percentile / 100),
    ]);
  }

  #percentile(share: number): number {
    let left = this.#count * share;
    for (let step = 0; step < STEPS; step++) {
      left -= this.#counts[step]!;
      if (left <= 0) return step * STEP_MS;
    }
    return STEPS * STEP_MS;
  }
}
