// What drops sell, for lists of orders and of news, which have the drops' ids only.

import { client } from '../shared/server.ts';

/** By the drop's id. A name that cannot be read is left out: no order is hidden for its sake. */
export async function productNames(
  dropIds: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const read = async (id: string): Promise<void> => {
    const drop = await client.call('GET /v1/drops/{id}', { path: { id }, signal });
    const path = { id: drop.productId };
    names.set(id, (await client.call('GET /v1/products/{id}', { path, signal })).name);
  };
  await Promise.allSettled([...new Set(dropIds)].map(read));
  return names;
}
