// Networks in CIDR notation (RFC 4632, RFC 4291), as settings and files name them.

import { isIP } from 'node:net';

const MAPPED_PREFIX_MIN = 96;
const NETWORK = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/;
const IPV4_END = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/;

export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * A network in CIDR notation, or the requirement that the text does not meet. A network of IPv4
 * addresses mapped into IPv6 is that IPv4 network.
 */
export function parseNetwork(text: string): Network | string {
  const [, address = '', digits = ''] = NETWORK.exec(text) ?? [];
  const prefix = Number(digits);
  const version = isIP(address);
  if (version === 4) {
    return prefix <= 32 ? { address, prefix, family: 'ipv4' } : 'must have a prefix of at most /32';
  }
  if (version !== 6) return 'must be a network such as 192.0.2.0/24 or 2001:db8::/32';
  if (prefix > 128) return 'must have a prefix of at most /128';
  const mapped = mappedIpv4(address);
  if (mapped !== null && prefix >= MAPPED_PREFIX_MIN)
    return { address: mapped, prefix: prefix - MAPPED_PREFIX_MIN, family: 'ipv4' };
  return { address, prefix, family: 'ipv6' };
}

/** The IPv4 address in an IPv6 one of ::ffff:0:0/96, else null. */
function mappedIpv4(address: string): string | null {
  const groups = ipv6Groups(address);
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xff_ff) return null;
  return lastIpv4(groups);
}

/** The last 32 bits of an IPv6 address, as an IPv4 one. */
export function embeddedIpv4(address: string): string {
  return lastIpv4(ipv6Groups(address));
}

function lastIpv4(groups: readonly number[]): string {
  return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.');
}

function ipv6Groups(address: string): number[] {
  const plain = address.replace(IPV4_END, (_all, before: string, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${before}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = [], tail = []] = plain
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}
