// A lease as one process sees it. It counts from before it was asked for, by the monotonic clock, so
// it never lasts longer here than in the store.

import type { Clock } from '../../actors/clock.ts';
import type { ConsumerLeases } from '../../storage/ports/consumer-leases.ts';

const LEASE_MS = 10_000;
const RENEW_MS = 2_500;

export interface ConsumerLeaseOptions {
  readonly consumer: string;
  /** Of this run of this process. */
  readonly holder: string;
  readonly leases: ConsumerLeases;
  readonly clock: Clock;
}

export class ConsumerLease {
  readonly #options: ConsumerLeaseOptions;
  #askedAt = -Infinity;
  #validUntil = -Infinity;

  constructor(options: ConsumerLeaseOptions) {
    this.#options = options;
  }

  /** Asks for the lease or for more of it, now and then, and says whether it is held. */
  async hold(): Promise<boolean> {
    const { consumer, holder, leases, clock } = this.#options;
    const now = clock.monotonic();
    if (now - this.#askedAt >= RENEW_MS) {
      this.#askedAt = now;
      try {
        const held = await leases.hold(consumer, holder, LEASE_MS);
        this.#validUntil = held ? now + LEASE_MS : -Infinity;
      } catch {
        // What is held stays held for as long as it was granted.
      }
    }
    return clock.monotonic() < this.#validUntil;
  }

  /** Never rejects: a lease that cannot be given back runs out. */
  async release(): Promise<void> {
    const { consumer, holder, leases } = this.#options;
    if (this.#validUntil === -Infinity) return;
    this.#validUntil = -Infinity;
    await leases.release(consumer, holder).catch(() => undefined);
  }
}
