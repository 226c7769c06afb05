// Whether an address that others give may be one on the public network, by its text. Whoever calls
// it must look at the resolved addresses as well.

/** Top-level names that are never public (RFC 2606, RFC 6761, RFC 6762, RFC 8375, ICANN). */
const NEVER_PUBLIC = /(?:^|\.)(?:localhost|local|internal|test|invalid|example|onion|home\.arpa)$/;

/** A name with a dot, and neither an IP address nor a name of inner networks. */
export function isPublicHost(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  const host = hostname.replace(/\.$/, '');
  // Parsing writes every form of an IPv4 address with digits and dots, and of IPv6 with brackets.
  const isAddress = /^[\d.]+$/.test(host) || host.startsWith('[');
  return host.includes('.') && !isAddress && !NEVER_PUBLIC.test(host);
}
