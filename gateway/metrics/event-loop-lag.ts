// How late this thread's event loop is. Several read it side by side: Prometheus, `livedrops top`
// and the alarms of operators. So what one of them reads is not taken from the others: the figures
// are of a window of time, and change when the next one is whole.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { serveValue } from './serve.ts';

/** Readers that come at least so often see each window. */
const WINDOW_MS = 15_000;
/** How often the delay is measured; each delay has this in it, as Node measures it. */
const RESOLUTION_MS = 10;

/** In nanoseconds. */
export type LoopDelays = Pick<
  ReturnType<typeof monitorEventLoopDelay>,
  'count' | 'max' | 'mean' | 'percentile' | 'reset'
>;

/** In seconds. */
interface LagFigures {
  readonly max: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export class EventLoopLag {
  readonly #delays: LoopDelays;
  readonly #monotonic: () => number;
  #windowBeganAt: number;
  #ofLastWindow: LagFigures | null = null;

  /** `monotonic`: milliseconds of a clock that never steps. */
  constructor(delays: LoopDelays, monotonic: () => number) {
    this.#delays = delays;
    this.#monotonic = monotonic;
    this.#windowBeganAt = monotonic();
  }

  /**
   * Of the last window: 15 s, or longer where nobody read for longer. Until the first one is whole,
   * of what there is of it; null before the first measurement.
   */
  figures(): LagFigures | null {
    const now = this.#monotonic();
    if (now - this.#windowBeganAt < WINDOW_MS) return this.#ofLastWindow ?? this.#current();
    this.#ofLastWindow = this.#current();
    this.#windowBeganAt = now;
    this.#delays.reset();
    return this.#ofLastWindow;
  }

  #current(): LagFigures | null {
    const delays = this.#delays;
    if (delays.count === 0) return null;
    const percentile = (share: number) => delays.percentile(share) / 1e9;
    return {
      max: delays.max / 1e9,
      mean: delays.mean / 1e9,
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
    };
  }
}

let ofThread: EventLoopLag | null = null;

/** Of the thread that calls it, measured since the first call. */
function threadLag(): EventLoopLag {
  if (ofThread === null) {
    const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delays.enable();
    ofThread = new EventLoopLag(delays, () => performance.now());
  }
  return ofThread;
}

export function registerEventLoopLag(registry: Registry, lag = threadLag()): void {
  serveValue(registry, 'nodejs_eventloop_lag_seconds', async () => {
    const from = performance.now();
    await nextTurn();
    return (performance.now() - from) / 1e3;
  });
  for (const figure of ['max', 'mean', 'p50', 'p90', 'p99'] as const)
    serveValue(
      registry,
      `nodejs_eventloop_lag_${figure}_seconds`,
      () => lag.figures()?.[figure] ?? null,
    );
}
