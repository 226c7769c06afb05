// Networks whose addresses are not limited, such as an office or the NAT of a carrier. An address
// is looked up in the list once, then remembered.

import { BlockList, isIP } from 'node:net';
import { type Network, parseNetwork } from '../../events/outbound/network.ts';

/** Addresses whose answer is remembered: about 100 bytes each. */
const REMEMBERED_MAX = 100_000;
/** Limits count an IPv6 address by its /64, so no part of one can be exempt. */
const IPV6_PREFIX_MAX = 64;

/** A network whose addresses may be exempt, or the requirement that the text does not meet. */
export function parseExemptNetwork(text: string): Network | string {
  const network = parseNetwork(text);
  if (typeof network !== 'string' && network.prefix > IPV6_PREFIX_MAX)
    return `must have a prefix of at most /${IPV6_PREFIX_MAX}: limits count an IPv6 address by it`;
  return network;
}

export class ExemptNetworks {
  readonly #list = new BlockList();
  readonly #remembered = new Map<string, boolean>();

  constructor(networks: readonly Network[]) {
    for (const { address, prefix, family } of networks)
      this.#list.addSubnet(address, prefix, family);
  }

  /** Whether the address with this `addressLimitKey` is in one of the networks. */
  has(addressKey: string): boolean {
    const known = this.#remembered.get(addressKey);
    if (known !== undefined) return known;
    const found = this.#find(addressKey);
    if (this.#remembered.size >= REMEMBERED_MAX) {
      const oldest = this.#remembered.keys().next();
      if (!oldest.done) this.#remembered.delete(oldest.value);
    }
    this.#remembered.set(addressKey, found);
    return found;
  }

  #find(addressKey: string): boolean {
    if (isIP(addressKey) === 4) return this.#list.check(addressKey, 'ipv4');
    const address = `${addressKey}::`;
    return isIP(address) === 6 && this.#list.check(address, 'ipv6');
  }
}
