// Bounds the replies that are streams, in all and for each user: a stream reads the stores for as
// long as its client stays.

import { problem, type Problem } from './problems.ts';

export const STREAMS_MAX = 64;
export const STREAMS_PER_USER_MAX = 4;
/** Exports of orders at once: each has a thread of its own. */
export const EXPORTS_MAX = 4;
export const EXPORTS_PER_USER_MAX = 2;
/** Whole results of searches at once, below what one index has open. */
export const RESULTS_MAX = 6;
export const RESULTS_PER_ADDRESS_MAX = 2;
const RETRY_AFTER_SECONDS = '5';

export interface StreamSlotsOptions {
  readonly streamsMax?: number;
  readonly perUserMax?: number;
}

export class StreamSlots {
  readonly #streamsMax: number;
  readonly #perUserMax: number;
  readonly #byUser = new Map<string, number>();
  #count = 0;

  constructor({ streamsMax, perUserMax }: StreamSlotsOptions = {}) {
    this.#streamsMax = streamsMax ?? STREAMS_MAX;
    this.#perUserMax = perUserMax ?? STREAMS_PER_USER_MAX;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes a slot of a user, or of an address, or returns the problem why there is none. `release`
   * frees the slot; later calls do nothing.
   */
  take(userId: string): { readonly ok: true; readonly release: () => void } | Problem {
    const own = this.#byUser.get(userId) ?? 0;
    if (own >= this.#perUserMax) {
      const detail = `Each user or address has at most ${this.#perUserMax} streams at once.`;
      const headers = [['retry-after', RETRY_AFTER_SECONDS]] as const;
      return { ...problem('rate-limited', detail), headers };
    }
    if (this.#count >= this.#streamsMax) return problem('overloaded');
    this.#byUser.set(userId, own + 1);
    this.#count += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#count -= 1;
      const left = this.#byUser.get(userId)! - 1;
      if (left === 0) this.#byUser.delete(userId);
      else this.#byUser.set(userId, left);
    };
    return { ok: true, release };
  }
}
