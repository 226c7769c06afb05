// A journal that measures the duration of its appends, for the metrics. It passes all other calls
// on. One append carries many orders, so two readings of the clock for each append cost nearly
// nothing.

import type { Claim, Journal, JournalEntry } from './ports/journal.ts';

/** Upper bounds of the buckets. */
const BOUNDS_MS: readonly number[] = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500,
];

export interface MeasuredJournalOptions {
  readonly journal: Journal;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

export class MeasuredJournal implements Journal {
  readonly #journal: Journal;
  readonly #now: () => number;
  /** The last bucket counts appends above all bounds. */
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);
  #sumMs = 0;

  constructor(options: MeasuredJournalOptions) {
    this.#journal = options.journal;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The successful appends since the start, by duration. */
  appends(): { boundsMs: readonly number[]; counts: Float64Array; sumMs: number } {
    return { boundsMs: BOUNDS_MS, counts: this.#counts, sumMs: this.#sumMs };
  }

  async append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    const startedAt = this.#now();
    await this.#journal.append(shard, epoch, sequence, bytes);
    this.#count(this.#now() - startedAt);
  }

  claim(shard: number, owner: string): Promise<Claim> {
    return this.#journal.claim(shard, owner);
  }

  read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    return this.#journal.read(shard, after, limit);
  }

  head(shard: number): Promise<Claim> {
    return this.#journal.head(shard);
  }

  trimmed(shard: number): Promise<number> {
    return this.#journal.trimmed(shard);
  }

  removed(shard: number): Promise<number> {
    return this.#journal.removed(shard);
  }

  trim(shard: number, through: number): Promise<void> {
    return this.#journal.trim(shard, through);
  }

  #count(durationMs: number): void {
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && durationMs > BOUNDS_MS[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sumMs += durationMs;
  }
}
