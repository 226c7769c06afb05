// What happens at a drop each second, from sums that are read again and again: a bounded series of
// rates. The server counts by the second and shows it a moment later, so a rate is taken over a few
// seconds of the server's time, which makes it steady.

import type { AnalyticsFigures, AnalyticsPoint } from '../../../sdk/api.ts';

/** A quarter of an hour, read each second; older ones go. */
export const RATES_MAX = 900;
const WINDOW_MS = 4_000;
/** A step that has just begun is taken for so long. */
const STEP_MIN_MS = 1_000;

type Counts = Pick<AnalyticsFigures, 'placed' | 'tries' | 'refused' | 'latency'>;

export interface Rate {
  /** In milliseconds since the Unix epoch, by the server's clock. */
  readonly at: number;
  /** A second. */
  readonly placed: number;
  readonly tries: number;
  /** A second, by the refusal's code. */
  readonly refused: ReadonlyMap<string, number>;
  /** Shares of the answers that took so long at most; null: there were none. */
  readonly within20Ms: number | null;
  readonly within200Ms: number | null;
  readonly within500Ms: number | null;
  /** Streams that watch; null: not known. */
  readonly watching: number | null;
}

interface Read {
  readonly at: number;
  readonly total: Counts;
}

const NOTHING: Counts = {
  placed: 0,
  tries: 0,
  refused: [],
  latency: { within20Ms: 0, within200Ms: 0, within500Ms: 0, longer: 0 },
};

/** The rate between two sums, or of one step of time. */
function rateOf(
  { at, ms, watching }: { at: number; ms: number; watching: number | null },
  before: Counts,
  after: Counts,
): Rate {
  const seconds = ms / 1_000;
  const counted = new Map(before.refused.map(({ code, count }) => [code, count]));
  const quick = after.latency.within20Ms - before.latency.within20Ms;
  const middling = quick + after.latency.within200Ms - before.latency.within200Ms;
  const slow = middling + after.latency.within500Ms - before.latency.within500Ms;
  const all = slow + after.latency.longer - before.latency.longer;
  const share = (count: number): number | null => (all > 0 ? count / all : null);
  return {
    at,
    placed: (after.placed - before.placed) / seconds,
    tries: (after.tries - before.tries) / seconds,
    refused: new Map(
      after.refused.map(({ code, count }) => [code, (count - (counted.get(code) ?? 0)) / seconds]),
    ),
    within20Ms: share(quick),
    within200Ms: share(middling),
    within500Ms: share(slow),
    watching,
  };
}

export class LiveRates {
  #reads: Read[] = [];
  #rates: Rate[] = [];

  /** Oldest first. */
  get rates(): readonly Rate[] {
    return this.#rates;
  }

  /**
   * What was before `now`, from the server's own steps of `stepMs`; the last one may be going on.
   */
  begin(points: readonly AnalyticsPoint[], stepMs: number, now: number): void {
    this.#rates = points.slice(-RATES_MAX).map((point) => {
      const start = Date.parse(point.at);
      const at = Math.min(start + stepMs, now);
      const ms = Math.max(at - start, STEP_MIN_MS);
      return rateOf({ at, ms, watching: point.watchersMax }, NOTHING, point);
    });
  }

  /** A read of the sums. One that is not newer than the last one changes nothing. */
  add(at: number, total: Counts, watching: number): void {
    const last = this.#reads.at(-1);
    if (last !== undefined && at <= last.at) return;
    this.#reads.push({ at, total });
    while (this.#reads.length > 2 && at - this.#reads[1]!.at >= WINDOW_MS) this.#reads.shift();
    const [first] = this.#reads;
    if (first!.at === at) return;
    const rate = rateOf({ at, ms: at - first!.at, watching }, first!.total, total);
    const older = this.#rates.filter((one) => one.at < at);
    this.#rates = [...older, rate].slice(-RATES_MAX);
  }
}
