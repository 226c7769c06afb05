// Which addresses outbound connections may go to: those of the public network, and those that the
// operator allows. It is the only place where that stands; public-host.ts reads names.

import { BlockList, isIP } from 'node:net';
import { embeddedIpv4, type Network, parseNetwork } from './network.ts';

/**
 * What is not the public network: IANA's special-purpose address registries for IPv4 and IPv6 (RFC
 * 6890) as of 2024-10, whole blocks where parts of them are reachable (nobody who is to be called
 * is in those), and multicast.
 */
const SPECIAL_IPV4 = [
  '0.0.0.0/8', // This network, RFC 791
  '10.0.0.0/8', // Private use, RFC 1918
  '100.64.0.0/10', // Shared by carriers (CGNAT), RFC 6598
  '127.0.0.0/8', // Loopback, RFC 1122
  '169.254.0.0/16', // Link-local, RFC 3927: the metadata of clouds among them
  '172.16.0.0/12', // Private use
  '192.0.0.0/24', // Protocol assignments, RFC 6890
  '192.0.2.0/24', // Documentation, RFC 5737
  '192.31.196.0/24', // AS112, RFC 7535
  '192.52.193.0/24', // AMT, RFC 7450
  '192.88.99.0/24', // 6to4 relays, RFC 7526
  '192.168.0.0/16', // Private use
  '192.175.48.0/24', // AS112, RFC 7534
  '198.18.0.0/15', // Benchmarks, RFC 2544
  '198.51.100.0/24', // Documentation
  '203.0.113.0/24', // Documentation
  '224.0.0.0/4', // Multicast, RFC 5771
  '240.0.0.0/4', // Reserved, RFC 1112, with the broadcast address
];

/**
 * Of IPv6 only 2000::/3 is global unicast (RFC 4291). So loopback, mapped and translated addresses,
 * 100::/64, 5f00::/16, unique local, link-local and multicast ones are in the first three.
 */
const SPECIAL_IPV6 = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23', // Protocol assignments, RFC 2928: Teredo, benchmarks, AMT, ORCHID, DRIP
  '2001:db8::/32', // Documentation, RFC 3849
  '2002::/16', // 6to4, RFC 3056: an IPv4 address in it
  '2620:4f:8000::/48', // AS112, RFC 7534
  '3fff::/20', // Documentation, RFC 9637
];

/** Translation to IPv4 (RFC 6052): the address in it is the one that is reached. */
const NAT64 = blockListOf(['64:ff9b::/96']);
/** One for each family: a BlockList finds an IPv4 address in networks of IPv6, too. */
const SPECIAL = { ipv4: blockListOf(SPECIAL_IPV4), ipv6: blockListOf(SPECIAL_IPV6) };

export type AddressStanding = 'public' | 'allowed' | 'refused';

export class AddressRule {
  readonly #allowed: BlockList;

  /** `allowed`: networks that may be connected to as well, and without encryption. */
  constructor(allowed: readonly Network[]) {
    this.#allowed = new BlockList();
    for (const network of allowed) addTo(this.#allowed, network);
  }

  /** `address`: the text of an IPv4 or IPv6 address; anything else is refused. */
  standing(address: string): AddressStanding {
    // An address with a zone (RFC 4007) is of one link.
    const version = address.includes('%') ? 0 : isIP(address);
    if (version === 0) return 'refused';
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (this.#allowed.check(address, family)) return 'allowed';
    if (family === 'ipv6' && NAT64.check(address, family))
      return this.standing(embeddedIpv4(address));
    return SPECIAL[family].check(address, family) ? 'refused' : 'public';
  }
}

function addTo(list: BlockList, { address, prefix, family }: Network): void {
  list.addSubnet(address, prefix, family);
}

function blockListOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) addTo(list, parseNetwork(text) as Network);
  return list;
}
