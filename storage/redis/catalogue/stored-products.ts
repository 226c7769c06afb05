// The schema of products as redis-om entities, and their reads.

import { Schema } from 'redis-om';
import type { Product } from '../../../contracts/products.ts';
import { ENTITY_PREFIX } from './catalogue-keys.ts';
import type { OmConnection } from './om-connection.ts';

/** The URLs are JSON text, because redis-om joins lists with a character that may be in a URL. */
export type ProductEntity = Omit<Product, 'imageUrls'> & { readonly imageUrls: string };

export const productSchema = new Schema<ProductEntity>(
  ENTITY_PREFIX,
  {
    id: { type: 'string' },
    creatorId: { type: 'string' },
    name: { type: 'text' },
    description: { type: 'text' },
    imageUrls: { type: 'string' },
    createdAt: { type: 'number' },
    revision: { type: 'number' },
  },
  { dataStructure: 'HASH' },
);

export function productEntityOf(product: Product): ProductEntity {
  return { ...product, imageUrls: JSON.stringify(product.imageUrls) };
}

/** In the order of redis-om's ids. Errors: `store-unavailable`. */
export async function productsAt(
  om: OmConnection,
  entityIds: readonly string[],
): Promise<(Product | null)[]> {
  if (entityIds.length === 0) return [];
  const entities = await om.fetch(productSchema, entityIds);
  return entities.map((entity) => (entity === null ? null : productOf(entity)));
}

function productOf(entity: ProductEntity): Product {
  const { id, creatorId, name, description, imageUrls, createdAt, revision } = entity;
  const urls = JSON.parse(imageUrls) as string[];
  return { id, creatorId, name, description, imageUrls: urls, createdAt, revision };
}
