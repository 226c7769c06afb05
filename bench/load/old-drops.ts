// Drops that ended long ago, and a crawler that reads them and their orders: whom they belong to,
// and the requests of the crawler, for any load of kinds of requests.

import { orderId } from '../../domain/ids.ts';
import { accessToken } from '../servers/sale-client.ts';
import type { RequestKind } from './request-plan.ts';

export interface OldDropsJob {
  readonly drops: number;
  readonly ordersPerDrop: number;
}

/** The name under which latencies of the crawler are reported. */
export const CRAWLED = 'crawled';
const BUYERS = 500;
/** Buyers whose orders are read, each with requests of its own. */
const BUYERS_CRAWLED = 50;

export function oldDropId(index: number): string {
  return `d_old${index}`;
}

/** Orders of one drop are of different buyers. */
export function oldBuyer(drop: number, ordinal: number): string {
  return `old-buyer-${(drop * 7 + ordinal) % BUYERS}`;
}

/** Reads of all drops, and as often of their orders. Their weights together are `weight`. */
export function crawlerRequests(job: OldDropsJob, weight: number): RequestKind[] {
  const ordersOf = new Map<string, string[]>();
  for (let i = 0; i < BUYERS_CRAWLED; i++) ordersOf.set(`old-buyer-${i}`, []);
  const drops: string[] = [];
  for (let drop = 0; drop < job.drops; drop++) {
    drops.push(`/v1/drops/${oldDropId(drop)}`);
    for (let ordinal = 0; ordinal < job.ordersPerDrop; ordinal++)
      ordersOf
        .get(oldBuyer(drop, ordinal))
        ?.push(`/v1/orders/${orderId(oldDropId(drop), ordinal)}`);
  }
  const read = (weightOfKind: number, paths: readonly string[], token: string): RequestKind => ({
    name: CRAWLED,
    weight: weightOfKind,
    method: 'GET',
    paths,
    tokens: [token],
    body: null,
    keyed: false,
  });
  const orders = [...ordersOf].map(([buyer, paths]) =>
    read(weight / 2 / BUYERS_CRAWLED, paths, accessToken(buyer)),
  );
  return [read(weight / 2, drops, accessToken('old-buyer-0')), ...orders];
}
