// The Moleculer service of `app/products.ts` for creators. Public reads are in `catalogue.ts`.

import type { ServiceSchema } from 'moleculer';
import { Products, type ProductsOptions } from '../app/products.ts';
import { defineService } from './moleculer/define-service.ts';

export function productsService(options: ProductsOptions): ServiceSchema {
  const products = new Products(options);
  return defineService('products', {
    add: (params) => products.add(params),
    change: (params) => products.change(params),
  });
}
