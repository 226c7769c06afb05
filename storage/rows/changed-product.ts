// What a change makes of a product, the same on every store.

import { changedDescription } from '../../domain/description.ts';
import type { Product, ProductPatch } from '../../contracts/products.ts';

export function changedProduct(product: Product, change: ProductPatch): Product {
  const { metadata: _, externalId: __, ...rest } = product;
  return {
    ...rest,
    name: change.name ?? product.name,
    description: change.description ?? product.description,
    imageUrls: change.imageUrls ?? product.imageUrls,
    revision: product.revision + 1,
    ...changedDescription(product, change),
  };
}
