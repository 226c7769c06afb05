// Addresses of names. It asks DNS itself (c-ares) instead of the system's getaddrinfo, whose calls
// take threads of the pool that files and cryptography use as well: a name whose servers are slow
// would hold those up. So names of hosts files are not known here.

import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** All addresses of a name, in any order. Errors: any Error where there is none. */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

const TRY_MS = 1_500;
const TRIES = 3;
/**
 * For the other family of addresses, once one is known: some name servers never answer what they
 * have no address of.
 */
const OTHER_FAMILY_MS = 500;
/** A name with more is one that somebody plays with. */
const ADDRESSES_MAX = 32;
const LOOPBACK = ['127.0.0.1', '::1'];

export const resolveByDns: Resolve = (hostname, signal) =>
  resolveBy(new Resolver({ timeout: TRY_MS, tries: TRIES }), hostname, signal);

/** The resolver serves this call alone: it may be cancelled. */
export async function resolveBy(
  resolver: Resolver,
  hostname: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  // RFC 6761, 6.3: never asked of DNS.
  if (/(?:^|\.)localhost\.?$/.test(hostname)) return LOOPBACK;
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const families = [resolver.resolve4(hostname), resolver.resolve6(hostname)];
    await Promise.any(families);
    const timer = setTimeout(cancel, OTHER_FAMILY_MS);
    const found = await Promise.allSettled(families);
    clearTimeout(timer);
    const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (addresses.length > ADDRESSES_MAX) throw new Error(`${hostname} has too many addresses`);
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
