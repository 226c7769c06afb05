// A journal that measures the duration of its appends, for the metrics. It passes all other calls
// on. One append carries many orders, so two readings of the clock for each append cost nearly
// nothing.

import { DurationCounts, type DurationSample } from '../domain/duration-counts.ts';
import { DURABLE_BOUNDS_MS } from './durable-bounds.ts';
import type { Claim, Journal, JournalEntry } from './ports/journal.ts';

/** Since the start. */
export interface JournalCounts {
  /** The successful appends by duration. */
  readonly appends: DurationSample;
  /** Appends that are not finished. */
  readonly waiting: number;
  readonly failures: number;
  /** Bytes of the successful ones. */
  readonly bytes: number;
}

export interface MeasuredJournalOptions {
  readonly journal: Journal;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

export class MeasuredJournal implements Journal {
  readonly #journal: Journal;
  readonly #now: () => number;
  readonly #appends = new DurationCounts(DURABLE_BOUNDS_MS);
  #waiting = 0;
  #failures = 0;
  #bytes = 0;

  constructor(options: MeasuredJournalOptions) {
    this.#journal = options.journal;
    this.#now = options.now ?? (() => performance.now());
  }

  counts(): JournalCounts {
    const [waiting, failures, bytes] = [this.#waiting, this.#failures, this.#bytes];
    return { appends: this.#appends.sample(), waiting, failures, bytes };
  }

  async append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    const startedAt = this.#now();
    this.#waiting += 1;
    try {
      await this.#journal.append(shard, epoch, sequence, bytes);
    } catch (error) {
      this.#failures += 1;
      throw error;
    } finally {
      this.#waiting -= 1;
    }
    this.#appends.add(this.#now() - startedAt);
    this.#bytes += bytes.length;
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
}
