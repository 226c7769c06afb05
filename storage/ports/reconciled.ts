// What a store finds when it compares some of what it derives with its truth (L3). It mends what
// differs in the same call. Changes that other processes make meanwhile are no differences.

import type { Pause } from '../formats/steps.ts';

export interface ReconcileOptions {
  /** Where the last call ended; null: from the beginning. */
  readonly cursor: string | null;
  /** Lists, counts or marks to compare: as many or a few more, and more of one that is large. */
  readonly limit: number;
  /**
   * Awaited between two steps of some milliseconds. Where it rejects, the call ends with its error
   * at once, and is to be repeated from the same cursor.
   */
  readonly pause: Pause;
}

export interface Reconciled {
  /** Where to go on; null at the end. */
  readonly cursor: string | null;
  /** How many were compared. */
  readonly compared: number;
  /** How many differed. They are mended, and durable. */
  readonly mended: number;
  /** Some of those that differed, at most `EXAMPLES_MAX`, for the log. */
  readonly examples: readonly string[];
}

export const EXAMPLES_MAX = 10;

/** Nothing is derived there, so nothing can differ. */
export const NOTHING_DERIVED: Reconciled = { cursor: null, compared: 0, mended: 0, examples: [] };

/** What one call has found so far. */
export class Findings {
  compared = 0;
  mended = 0;
  readonly #examples: string[] = [];

  differed(name: string): void {
    this.mended += 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(name);
  }

  at(cursor: string | null): Reconciled {
    const { compared, mended } = this;
    return { cursor, compared, mended, examples: this.#examples };
  }
}
