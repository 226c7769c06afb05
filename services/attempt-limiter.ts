// Limits attempts for each key (an account, an address): a token bucket for each, of which only
// those that are not full need to be remembered. Not a general request limiter: that stands in the
// gateway.

export interface AttemptLimiterOptions {
  /** Attempts a key may make at once. */
  readonly burst: number;
  /** Milliseconds after which one more attempt is allowed. */
  readonly refillMs: number;
  /** Keys remembered; past it the one that was used longest ago is forgotten. */
  readonly keysMax?: number;
}

const KEYS_MAX = 100_000;

export class AttemptLimiter {
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #keysMax: number;
  /**
   * For each key the time at which its bucket is full again, in the order of last use. (This is the
   * generic cell rate algorithm: one number stands for the whole bucket.)
   */
  readonly #fullAt = new Map<string, number>();

  constructor(options: AttemptLimiterOptions) {
    this.#burst = options.burst;
    this.#refillMs = options.refillMs;
    this.#keysMax = options.keysMax ?? KEYS_MAX;
  }

  /**
   * Takes one attempt of the key: 0 when there was one, else the milliseconds until there is one. A
   * refusal takes nothing. `now` in milliseconds.
   */
  take(key: string, now: number): number {
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + this.#refillMs;
    const waitMs = fullAt - (now + this.#burst * this.#refillMs);
    if (waitMs > 0) return waitMs;
    this.#fullAt.delete(key);
    if (this.#fullAt.size >= this.#keysMax) {
      const [longestAgo] = this.#fullAt.keys();
      this.#fullAt.delete(longestAgo!);
    }
    this.#fullAt.set(key, fullAt);
    return 0;
  }

  /** Gives an attempt back that turned out to be none. */
  giveBack(key: string): void {
    const fullAt = this.#fullAt.get(key);
    if (fullAt !== undefined) this.#fullAt.set(key, fullAt - this.#refillMs);
  }
}
