// The client for addresses that others give.

import { AddressRule } from '../events/outbound/address-rule.ts';
import { type Network, parseNetwork } from '../events/outbound/network.ts';
import { OutboundClient, type OutboundClientOptions } from '../events/outbound/outbound-client.ts';
import type { Config } from './config.ts';

export function createOutbound(
  { outboundAllow }: Pick<Config, 'outboundAllow'>,
  bounds: Pick<OutboundClientOptions, 'connectionsPerOrigin' | 'callsMax'> = {},
): OutboundClient {
  const networks = outboundAllow.map((text) => parseNetwork(text) as Network);
  return new OutboundClient({ rule: new AddressRule(networks), ...bounds });
}
