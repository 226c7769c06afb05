// The push services that messages go to, each by its origin and apart from all others. Anybody may
// subscribe with an endpoint of their own, so their number is bounded: those that were not used for
// longest are forgotten.

import type { Clock } from '../../actors/clock.ts';
import type { OutboundClient } from '../outbound/outbound-client.ts';
import { PushService } from './push-service.ts';
import type { PushResult } from './push-sender.ts';

export interface PushServicesOptions {
  readonly outbound: OutboundClient;
  readonly clock: Clock;
  readonly timeoutMs?: number;
  readonly waitMaxMs?: number;
  readonly servicesMax?: number;
}

const SERVICES_MAX = 256;
const NO_ROOM: PushResult = { outcome: 'rate-limited', retryAfterMs: 5_000, reason: 'services' };

export class PushServices {
  readonly #options: PushServicesOptions;
  /** The least recently used first. */
  readonly #services = new Map<string, PushService>();

  constructor(options: PushServicesOptions) {
    this.#options = options;
  }

  /** How many are known, and how many of them are stopped for a while. */
  get counts(): { readonly known: number; readonly stopped: number } {
    let stopped = 0;
    for (const service of this.#services.values()) stopped += service.isStopped ? 1 : 0;
    return { known: this.#services.size, stopped };
  }

  /** Never rejects. */
  async post(
    url: URL,
    message: {
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      readonly signal?: AbortSignal;
    },
  ): Promise<PushResult> {
    const service = this.#serviceOf(url.origin);
    return service === null ? NO_ROOM : await service.post({ url, ...message });
  }

  async close(): Promise<void> {
    const services = [...this.#services.values()];
    this.#services.clear();
    await Promise.all(services.map((service) => service.close()));
  }

  /** Null: there are too many, and all are in use. */
  #serviceOf(origin: string): PushService | null {
    const { servicesMax = SERVICES_MAX } = this.#options;
    const known = this.#services.get(origin);
    if (known === undefined && this.#services.size >= servicesMax && !this.#forgetOne())
      return null;
    const service = known ?? new PushService({ ...this.#options, origin });
    this.#services.delete(origin);
    this.#services.set(origin, service);
    return service;
  }

  #forgetOne(): boolean {
    for (const [origin, service] of this.#services) {
      if (!service.isIdle) continue;
      this.#services.delete(origin);
      void service.close();
      return true;
    }
    return false;
  }
}
