// Client addresses: as text for services and logs, and as the key that rate limits count by.

import { isIP } from 'node:net';

/**
 * The text of an address of 4 or 16 bytes in network order. An IPv4 address that is mapped into
 * IPv6 is shown as IPv4.
 */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return ipv4Text(bytes, 0);
  if (bytes.length !== 16) return 'unknown';
  if (isMapped(bytes)) return ipv4Text(bytes, 12);
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! * 256 + bytes[i + 1]!).toString(16));
  return groups.join(':');
}

function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`;
}

/** Whether the text of an address is one of this machine's own loopback. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === '0:0:0:0:0:0:0:1';
}

/** Whether an IPv6 address is an IPv4 address behind `::ffff:`. */
function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/**
 * The key that rate limits count by: a whole IPv4 address, or the /64 of an IPv6 address, which one
 * household or host gets.
 */
export function addressLimitKey(address: string): string {
  if (!address.includes(':')) return address;
  const halves = address.split('::');
  const head = halves[0]!.split(':').filter((group) => group !== '');
  const tail = (halves[1] ?? '').split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}

/**
 * How proxies write an address: IPv4 with or without a port, IPv6 in brackets with or without one.
 */
const WITH_PORT = /^(?:\[(.*)\]|([\d.]+))(?::\d+)?$/;
const IPV4_IN_IPV6 = /^::ffff:(?=\d+\.)/;

/**
 * The last line of X-Forwarded-For: the nearest proxy appends to it, or adds a line after it. The
 * server's `getHeader` gives the first line.
 */
export function lastForwardedFor(request: {
  forEach(each: (name: string, value: string) => void): void;
}): string {
  let last = '';
  request.forEach((name, value) => {
    if (name === 'x-forwarded-for') last = value;
  });
  return last;
}

/**
 * The client's address as the nearest proxy saw it: the last entry of X-Forwarded-For, without a
 * port, and as IPv4 where it is mapped into IPv6. Null where that is no address.
 */
export function forwardedAddress(forwardedFor: string): string | null {
  const last = forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1).trim();
  const address = last.toLowerCase().replace(WITH_PORT, '$1$2').replace(IPV4_IN_IPV6, '');
  return isIP(address) === 0 ? null : address;
}
