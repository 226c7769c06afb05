// The Moleculer service of public reads of products and drops. During a rolling upgrade, gateways
// of level 0 also create and change them through it.

import type { ServiceSchema } from 'moleculer';
import { Drops, type DropsOptions } from '../app/drops.ts';
import { Products, type ProductsOptions } from '../app/products.ts';
import type { Requester } from '../contracts/accounts.ts';
import { defineService } from './moleculer/define-service.ts';

export function catalogueService(options: ProductsOptions & DropsOptions): ServiceSchema {
  const products = new Products(options);
  const drops = new Drops(options);
  return defineService('catalogue', {
    product: (params) => products.get(params),
    productsById: ({ productIds }) => products.getAll(productIds),
    products: (params) => products.list(params),
    drops: (params) => drops.list(params),
    addProduct: ({ creatorId, ...product }) =>
      products.add({ caller: named(creatorId), creatorId, product }),
    changeProduct: ({ callerId, ...params }) =>
      products.change({ caller: named(callerId), ...params }),
    addDrop: ({ callerId, ...params }) => drops.create({ caller: named(callerId), ...params }),
  });
}

function named(userId: string): Requester {
  return { userId, roles: [] };
}
