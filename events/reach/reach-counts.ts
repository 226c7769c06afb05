// What this process sent, for metrics: messages by way and outcome, who was passed over, and how
// long after its event a message went.

import type { PushResult } from '../push/push-sender.ts';

/** Upper bounds, in seconds; beyond the last are all longer ones. */
export const LAG_BOUNDS_S = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3_600] as const;

export interface ReachSample {
  readonly channel: string;
  readonly outcome: string;
  readonly count: number;
}

export interface ReachLag {
  readonly boundsMs: readonly number[];
  readonly counts: ArrayLike<number>;
  readonly sumMs: number;
}

export class ReachCounts {
  readonly #counts = new Map<
    string,
    { readonly channel: string; readonly outcome: string; count: number }
  >();
  readonly #lags = Array.from({ length: LAG_BOUNDS_S.length + 1 }, () => 0);
  #lagSumMs = 0;

  /** `outcome` is one of a small set of words. */
  add(channel: string, outcome: string, count: number): void {
    const name = `${channel} ${outcome}`;
    const counted = this.#counts.get(name);
    if (counted === undefined) this.#counts.set(name, { channel, outcome, count });
    else counted.count += count;
  }

  /** `ageMs`: since the event. */
  sent(channel: string, { outcome, reason = outcome }: PushResult, ageMs: number): void {
    this.add(channel, outcome === 'failed' ? reason : outcome, 1);
    if (outcome !== 'sent') return;
    const lagMs = Math.max(0, ageMs);
    const index = LAG_BOUNDS_S.findIndex((bound) => lagMs <= bound * 1_000);
    this.#lags[index === -1 ? LAG_BOUNDS_S.length : index]! += 1;
    this.#lagSumMs += lagMs;
  }

  samples(): readonly ReachSample[] {
    return [...this.#counts.values()];
  }

  lag(): ReachLag {
    const boundsMs = LAG_BOUNDS_S.map((bound) => bound * 1_000);
    return { boundsMs, counts: this.#lags, sumMs: this.#lagSumMs };
  }
}
