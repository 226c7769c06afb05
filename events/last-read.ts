// When something that is read once in an interval was read last. While its reads fail or hang
// nothing says what has come since, so what came first may have waited for as long.

import type { Clock } from '../actors/clock.ts';

export interface LastReadOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
}

export class LastRead {
  readonly #options: LastReadOptions;
  /** When the next read is due, by the monotonic clock; null: none is due yet. */
  #dueAt: number | null = null;

  constructor(options: LastReadOptions) {
    this.#options = options;
  }

  /** A read succeeded, or the reads begin. `nextInMs`: where the next one is not so soon. */
  now(nextInMs = this.#options.intervalMs): void {
    this.#dueAt = this.#options.clock.monotonic() + nextInMs;
  }

  /**
   * For how long the next read has been due, in milliseconds. 0 in its first interval, so that a
   * read may take a moment.
   */
  overdueMs(): number {
    const { intervalMs, clock } = this.#options;
    if (this.#dueAt === null) return 0;
    const overdueMs = clock.monotonic() - this.#dueAt;
    return overdueMs > intervalMs ? overdueMs : 0;
  }
}
