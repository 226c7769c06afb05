// A drop and what it sells, as the views of one drop begin.

import type { Drop, Product } from '../../sdk/api.ts';
import { type Loaded, useLoaded } from '../shared/loaded.ts';
import { client } from '../shared/server.ts';

export interface DropWithProduct {
  readonly drop: Drop;
  readonly product: Product;
}

export function useDropWithProduct(id: string): Loaded<DropWithProduct> {
  return useLoaded(
    async (signal) => {
      const drop = await client.call('GET /v1/drops/{id}', { path: { id }, signal });
      const path = { id: drop.productId };
      return { drop, product: await client.call('GET /v1/products/{id}', { path, signal }) };
    },
    [id],
  );
}
