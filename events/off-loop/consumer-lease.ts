// A lease, as its holder measures it: from before the request, by the monotonic clock. So it never
// lasts longer here than in the store.

import type { Clock } from '../../actors/clock.ts';
import type { ConsumerLeases } from '../../storage/ports/consumer-leases.ts';

const LEASE_MS = 10_000;
const RENEW_MS = 2_500;

export interface ConsumerLeaseOptions {
  readonly consumer: string;
  /** Names this run of this process. */
  readonly holder: string;
  readonly leases: ConsumerLeases;
  readonly clock: Clock;
}

export class ConsumerLease {
  readonly #options: ConsumerLeaseOptions;
  #requestedAt = -Infinity;
  #validUntil = -Infinity;
  #tenure = 0;

  constructor(options: ConsumerLeaseOptions) {
    this.#options = options;
  }

  /** Another number each time that others may have had the lease since it was held before. */
  get tenure(): number {
    return this.#tenure;
  }

  /**
   * Acquires or renews the lease, at most once in `RENEW_MS`. Returns whether this process has it.
   */
  async hold(): Promise<boolean> {
    const { consumer, holder, leases, clock } = this.#options;
    const now = clock.monotonic();
    if (now - this.#requestedAt >= RENEW_MS) {
      this.#requestedAt = now;
      try {
        const held = await leases.hold(consumer, holder, LEASE_MS);
        if (held && clock.monotonic() >= this.#validUntil) this.#tenure += 1;
        this.#validUntil = held ? now + LEASE_MS : -Infinity;
      } catch {
        // A lease that was granted lasts for its time.
      }
    }
    return clock.monotonic() < this.#validUntil;
  }

  /** Never rejects: a lease that cannot be released expires. */
  async release(): Promise<void> {
    const { consumer, holder, leases } = this.#options;
    if (this.#validUntil === -Infinity) return;
    this.#validUntil = -Infinity;
    await leases.release(consumer, holder).catch(() => undefined);
  }
}
