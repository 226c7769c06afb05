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
    this.#failures += 1;
    return backoffMs(this.#failures, this.#options);
  }

  succeeded(): void {
    this.#failures = 0;
  }
}

/** How long to wait after so many failures, in milliseconds; for those who count them. */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const { firstMs, maxMs, random = Math.random } = options;
  return Math.min(firstMs * 2 ** (failures - 1), maxMs) * (0.5 + 0.5 * random());
}
