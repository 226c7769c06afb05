// Bounds the replies that are streams, in all and for each user: a stream reads the stores for as
// long as its client stays.

import { OwnPlaces, type Places } from './places.ts';
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

/** The key of all streams together. */
const ALL = '';

export interface StreamSlotsOptions {
  readonly streamsMax?: number;
  readonly perUserMax?: number;
  /** Of this thread alone unless given. */
  readonly places?: Places;
}

export class StreamSlots {
  readonly #streamsMax: number;
  readonly #perUserMax: number;
  readonly #places: Places;
  #count = 0;

  constructor({ streamsMax, perUserMax, places }: StreamSlotsOptions = {}) {
    this.#streamsMax = streamsMax ?? STREAMS_MAX;
    this.#perUserMax = perUserMax ?? STREAMS_PER_USER_MAX;
    this.#places = places ?? new OwnPlaces();
  }

  /** Those that were taken here. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes a slot of a user, or of an address, or returns the problem why there is none. `release`
   * frees the slot; later calls do nothing.
   */
  take(userId: string): { readonly ok: true; readonly release: () => void } | Problem {
    const places = this.#places;
    const key = `of ${userId}`;
    if (!places.take(key, this.#perUserMax)) {
      const detail = `Each user or address has at most ${this.#perUserMax} streams at once.`;
      const headers = [['retry-after', RETRY_AFTER_SECONDS]] as const;
      return { ...problem('rate-limited', detail), headers };
    }
    if (!places.take(ALL, this.#streamsMax)) {
      places.release(key);
      return problem('overloaded');
    }
    this.#count += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#count -= 1;
      places.release(key);
      places.release(ALL);
    };
    return { ok: true, release };
  }
}
