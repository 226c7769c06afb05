// When something that is read once in an interval was read last. While its reads fail or hang
// nothing says what has come since, so what came first may have waited for as long.

import type { Clock } from '../actors/clock.ts';

export interface LastReadOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
}

export class LastRead {
  readonly #options: LastReadOptions;
  /** The monotonic time; null: no read is due yet. */
  #at: number | null = null;

  constructor(options: LastReadOptions) {
    this.#options = options;
  }

  /** A read succeeded, or the reads begin. */
  now(): void {
    this.#at = this.#options.clock.monotonic();
  }

  /**
   * For how long the next read has been due, in milliseconds. 0 in its first interval, so that a
   * read may take a moment.
   */
  overdueMs(): number {
    const { intervalMs, clock } = this.#options;
    if (this.#at === null) return 0;
    const overdueMs = clock.monotonic() - this.#at - intervalMs;
    return overdueMs > intervalMs ? overdueMs : 0;
  }
}
