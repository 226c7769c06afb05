// The client for addresses that others give.

import { AddressRule } from '../events/outbound/address-rule.ts';
import { type Network, parseNetwork } from '../events/outbound/network.ts';
import { OutboundClient } from '../events/outbound/outbound-client.ts';
import type { Config } from './config.ts';

export function createOutbound({ outboundAllow }: Pick<Config, 'outboundAllow'>): OutboundClient {
  const networks = outboundAllow.map((text) => parseNetwork(text) as Network);
  return new OutboundClient({ rule: new AddressRule(networks) });
}
