// The requests of the mixed scenario with their weights, and the products and drops they use.

import type { RequestKind } from '../load/request-plan.ts';
import { accessToken, buyerTokens, type SaleClient } from '../servers/sale-client.ts';

/** The names under which latencies are reported. */
export const READS = 'reads';
export const ORDERS = 'orders';
export const WRITES = 'writes';

const STOCK = 10_000_000;
const CREATORS = 10;
const PRODUCTS_OF_EACH = 2;

/** Creates ten creators with two products each and a live drop of every product. */
export async function mixedRequests(sale: SaleClient): Promise<RequestKind[]> {
  const creators = Array.from({ length: CREATORS }, (_, i) => `creator-${i}`);
  const products: string[] = [];
  const drops: string[] = [];
  for (const creatorId of creators) {
    for (let i = 0; i < PRODUCTS_OF_EACH; i++) {
      const productId = await sale.product(creatorId);
      products.push(productId);
      drops.push(await sale.dropOf({ productId, creatorId, stock: STOCK }));
    }
  }
  return kindsOf(creators, products, drops);
}

function kindsOf(
  creators: readonly string[],
  products: readonly string[],
  drops: readonly string[],
): RequestKind[] {
  const tokens = buyerTokens();
  const read = (weight: number, paths: readonly string[]): RequestKind => {
    return { name: READS, weight, method: 'GET', paths, tokens, body: null, keyed: false };
  };
  const order: RequestKind = {
    name: ORDERS,
    weight: 90,
    method: 'POST',
    paths: drops.map((id) => `/v1/drops/${id}/orders`),
    tokens,
    body: '{"quantity":1}',
    keyed: true,
  };
  const follow: RequestKind = {
    name: WRITES,
    weight: 4,
    method: 'POST',
    paths: creators.map((id) => `/v1/creators/${id}/follow`),
    tokens,
    body: null,
    keyed: false,
  };
  const change: RequestKind = {
    ...follow,
    weight: 2,
    method: 'PATCH',
    // Only the creator of a product may change it, here the first creator.
    paths: pathsOf('/v1/products/', products.slice(0, PRODUCTS_OF_EACH)),
    tokens: [accessToken(creators[0]!)],
    body: '{"description":"Worn once, by a celebrity."}',
  };
  return [
    read(550, pathsOf('/v1/drops/', drops)),
    read(100, pathsOf('/v1/products/', products)),
    read(100, pathsOf('/v1/drops?creator_id=', creators)),
    read(100, ['/v1/orders?limit=20']),
    read(50, ['/v1/notifications?limit=20']),
    order,
    follow,
    { ...follow, method: 'DELETE' },
    change,
  ];
}

function pathsOf(prefix: string, ids: readonly string[]): string[] {
  return ids.map((id) => `${prefix}${id}`);
}
