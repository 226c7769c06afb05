// What a change makes of a product, the same on every store.

import { changedDescription } from '../../domain/description.ts';
import type { Product, ProductPatch } from '../../contracts/products.ts';

export function changedProduct(product: Product, change: ProductPatch): Product {
  const { metadata: _, externalId: __, mediaIds: before, ...rest } = product;
  const mediaIds = change.mediaIds ?? (change.imageUrls?.length ? [] : (before ?? []));
  return {
    ...rest,
    name: change.name ?? product.name,
    description: change.description ?? product.description,
    imageUrls: mediaIds.length > 0 ? [] : (change.imageUrls ?? product.imageUrls),
    revision: product.revision + 1,
    ...changedDescription(product, change),
    ...(mediaIds.length > 0 && { mediaIds }),
  };
}
