// Delays between retries. They double up to a bound, and each is shortened at random to no less
// than half, so that calls that failed together are not retried together.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A number from 0 up to 1. */
  readonly random?: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure. Returns the delay before the next try, in milliseconds. */
  next(): number {
    const { firstMs, maxMs, random = Math.random } = this.#options;
    const fullMs = Math.min(firstMs * 2 ** this.#failures, maxMs);
    this.#failures += 1;
    return fullMs * (0.5 + 0.5 * random());
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
