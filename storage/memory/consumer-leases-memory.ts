// Consumer leases in memory, for tests.

import type { ConsumerLeases } from '../ports/consumer-leases.ts';

export class MemoryConsumerLeases implements ConsumerLeases {
  readonly #now: () => number;
  readonly #held = new Map<string, { holder: string; until: number }>();

  /** `now`: milliseconds of a monotonic clock. */
  constructor(options: { readonly now: () => number }) {
    this.#now = options.now;
  }

  async hold(consumer: string, holder: string, ms: number): Promise<boolean> {
    const held = this.#held.get(consumer);
    if (held !== undefined && held.holder !== holder && held.until > this.#now()) return false;
    this.#held.set(consumer, { holder, until: this.#now() + ms });
    return true;
  }

  async release(consumer: string, holder: string): Promise<void> {
    if (this.#held.get(consumer)?.holder === holder) this.#held.delete(consumer);
  }
}
