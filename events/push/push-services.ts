// The push services that messages go to, each by its origin and apart from all others. Anybody may
// subscribe with an endpoint of their own, so their number is bounded: those that were not used for
// longest are forgotten, and with them what they asked for. The known makers have places of their
// own, which no others can take.

import type { Clock } from '../../actors/clock.ts';
import type { OutboundClient } from '../outbound/outbound-client.ts';
import { makerOf } from './push-makers.ts';
import { PushService, type ServiceMessage } from './push-service.ts';
import type { PushResult } from './push-sender.ts';

export interface PushServicesOptions {
  readonly outbound: OutboundClient;
  readonly clock: Clock;
  readonly timeoutMs?: number;
  readonly waitMaxMs?: number;
  /** Of unknown makers. */
  readonly servicesMax?: number;
  /** Of the known makers. */
  readonly knownServicesMax?: number;
}

const SERVICES_MAX = 256;
/** They have some dozens of hosts; a name below theirs may also be made up. */
const KNOWN_SERVICES_MAX = 128;
const NO_ROOM: PushResult = { outcome: 'rate-limited', retryAfterMs: 5_000, reason: 'services' };

export class PushServices {
  readonly #options: PushServicesOptions;
  /** By origin, the least recently used first. */
  readonly #ofKnownMakers = new Map<string, PushService>();
  /** In the same way. */
  readonly #ofOthers = new Map<string, PushService>();

  constructor(options: PushServicesOptions) {
    this.#options = options;
  }

  /** How many are known, and how many of them are stopped for a while. */
  get counts(): { readonly known: number; readonly stopped: number } {
    let stopped = 0;
    const services = this.#all();
    for (const service of services) stopped += service.isStopped ? 1 : 0;
    return { known: services.length, stopped };
  }

  /** Never rejects. */
  async post(message: ServiceMessage): Promise<PushResult> {
    const service = this.#serviceOf(message.url.origin);
    return service === null ? NO_ROOM : await service.post(message);
  }

  async close(): Promise<void> {
    const services = this.#all();
    this.#ofKnownMakers.clear();
    this.#ofOthers.clear();
    await Promise.all(services.map((service) => service.close()));
  }

  #all(): readonly PushService[] {
    return [...this.#ofKnownMakers.values(), ...this.#ofOthers.values()];
  }

  /** Null: there are too many of its sort, and none may be forgotten. */
  #serviceOf(origin: string): PushService | null {
    const isKnown = makerOf(origin) !== null;
    const services = isKnown ? this.#ofKnownMakers : this.#ofOthers;
    const { servicesMax = SERVICES_MAX, knownServicesMax = KNOWN_SERVICES_MAX } = this.#options;
    let service = services.get(origin);
    if (service === undefined) {
      const max = isKnown ? knownServicesMax : servicesMax;
      if (services.size >= max && !forgetOne(services, isKnown)) return null;
      service = new PushService({ ...this.#options, origin });
    }
    services.delete(origin);
    services.set(origin, service);
    return service;
  }
}

/**
 * Forgets one that is not in use, and rather one that is not stopped: the next message would go to
 * a service that asked for silence. A known maker's service that has taken a message stays.
 */
function forgetOne(services: Map<string, PushService>, isKnown: boolean): boolean {
  const idle = [...services].filter(([, it]) => it.isIdle && !(isKnown && it.hasTaken));
  const found = idle.find(([, it]) => !it.isStopped) ?? idle[0];
  if (found === undefined) return false;
  const [origin, service] = found;
  services.delete(origin);
  void service.close();
  return true;
}
