// Stops calls of a service that fails again and again, so that nobody waits for it. After a while
// one call tries it: a success closes the circuit, a failure opens it for longer.

import { Backoff } from '../backoff.ts';

export interface CircuitBreakerOptions {
  /** Milliseconds of a monotonic clock. */
  readonly monotonic: () => number;
  /** A number from 0 up to 1. */
  readonly random?: () => number;
}

export const FAILURES_TO_OPEN = 5;
const OPEN_FIRST_MS = 1_000;
export const OPEN_MAX_MS = 60_000;

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #backoff: Backoff;
  /** In a row, while it is closed. */
  #failures = 0;
  /** Null: closed. */
  #openUntil: number | null = null;
  #isTrying = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ ...options, firstMs: OPEN_FIRST_MS, maxMs: OPEN_MAX_MS });
  }

  /** How long a call would have to wait, in milliseconds; 0: it may begin. */
  get waitMs(): number {
    if (this.#openUntil === null) return 0;
    if (this.#isTrying) return OPEN_FIRST_MS;
    return Math.max(0, this.#openUntil - this.#options.monotonic());
  }

  /** As `waitMs`; with 0 the call has begun, and its end must be told. */
  enter(): number {
    const { waitMs } = this;
    if (waitMs === 0 && this.#openUntil !== null) this.#isTrying = true;
    return waitMs;
  }

  /** The service answered, whatever it said. */
  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = null;
    this.#isTrying = false;
    this.#backoff.succeeded();
  }

  failed(): void {
    this.#failures += 1;
    // Calls that had begun before it opened say nothing new.
    if (this.#openUntil !== null && !this.#isTrying) return;
    if (this.#openUntil === null && this.#failures < FAILURES_TO_OPEN) return;
    this.#openUntil = this.#options.monotonic() + this.#backoff.next();
    this.#isTrying = false;
  }

  /** A call ended that says nothing of the service. */
  gaveUp(): void {
    this.#isTrying = false;
  }
}
