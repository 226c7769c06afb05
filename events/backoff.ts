// Delays between tries: they double up to a bound, each shortened by chance to no less than half, so
// that those who failed together do not come back together.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** How long to wait after one more failure, in milliseconds. */
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
