// Who may see what a process tells of itself: its metrics, and why it is not ready (X4). At the
// operators' address everybody may, since only operators reach it. At an address that the public
// reaches: who is on this machine itself, operators, auditors, and API keys with the scope.

import { maySeeOperations } from '../../app/caller.ts';
import { isLoopback } from './address.ts';
import { problem, type Problem } from './problems.ts';
import type { CheckedRequest, IncomingRequest } from './route.ts';

/** Whoever passes a request on for others says so with one of them. */
const PROXY_HEADERS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'via',
] as const;

/** What probes and monitoring ask at any address, also of a node that refuses others. */
export const TELLS_OF_NODE: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** A name or an address of the loopback, with its port or without. */
const LOOPBACK_HOST = /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Whether a request comes from this machine itself: not from somebody behind a proxy on it, and not
 * from a page in its browser whose name was made to lead here (DNS rebinding), which `Host` tells.
 */
export function isFromHere({
  address,
  header,
  hasHeader,
}: Pick<IncomingRequest, 'address' | 'header' | 'hasHeader'>) {
  if (!isLoopback(address) || !LOOPBACK_HOST.test(header('host'))) return false;
  return !PROXY_HEADERS.some((name) => hasHeader(name));
}

/** Null: they may. */
export async function refuseStrangers({
  door,
  isLocal,
  identify,
}: Pick<
  CheckedRequest<unknown, unknown>,
  'door' | 'isLocal' | 'identify'
>): Promise<Problem | null> {
  if (door === 'operators' || isLocal) return null;
  const asking = await identify();
  if (!asking.ok) return asking;
  // A key that got here has the scope of the route.
  return asking.byKey || maySeeOperations(asking) ? null : problem('forbidden');
}
