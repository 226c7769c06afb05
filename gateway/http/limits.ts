// What the file of limits means to a gateway: its defaults filled in. The file may change while the
// gateway runs.

import { LIVE_STREAMS_MAX, type Limits } from '../../contracts/limits.ts';
import type { Network } from '../../events/outbound/network.ts';
import { ExemptNetworks, parseExemptNetwork } from './exempt-networks.ts';
import { DEFAULT_RATE_POLICIES, type RateClass, type RatePolicies } from './rate-limits.ts';

/** The limits in force. They are replaced as a whole. */
export interface LimitsSource {
  readonly current: Limits;
  /** Calls the listener with the new limits. */
  onReplaced(listener: (limits: Limits) => void): void;
}

export const DEFAULT_LIMITS: LimitsSource = { current: {}, onReplaced: () => undefined };

/** Open live streams. */
export interface StreamBounds {
  readonly userMax: number;
  readonly addressMax: number;
  readonly totalMax: number;
}

export const DEFAULT_STREAM_BOUNDS: StreamBounds = {
  userMax: 1_000,
  addressMax: 1_000,
  totalMax: LIVE_STREAMS_MAX,
};

/** Without `rateLimits` only the total of streams is limited. */
export function streamBoundsOf({ streams }: Limits, rateLimits: boolean): StreamBounds {
  const { userMax, addressMax, totalMax } = DEFAULT_STREAM_BOUNDS;
  return {
    userMax: rateLimits ? (streams?.user ?? userMax) : LIVE_STREAMS_MAX,
    addressMax: rateLimits ? (streams?.address ?? addressMax) : LIVE_STREAMS_MAX,
    totalMax: streams?.total ?? totalMax,
  };
}

export function ratePoliciesOf({ rates = {} }: Limits): RatePolicies {
  const policies = { ...DEFAULT_RATE_POLICIES };
  for (const rateClass of Object.keys(rates) as RateClass[]) {
    const { address, user } = DEFAULT_RATE_POLICIES[rateClass];
    const given: { address?: number; user?: number } = rates[rateClass] ?? {};
    policies[rateClass] = {
      address: { ...address, quota: given.address ?? address.quota },
      user: user && { ...user, quota: given.user ?? user.quota },
    };
  }
  return policies;
}

/** Null where no network is exempt. The networks have been checked. */
export function exemptNetworksOf({ exempt = [] }: Limits): ExemptNetworks | null {
  const networks = exempt
    .map(parseExemptNetwork)
    .filter((network): network is Network => typeof network !== 'string');
  return networks.length === 0 ? null : new ExemptNetworks(networks);
}
