// The schema of products as redis-om entities, and their reads.

import { Schema } from 'redis-om';
import type { Metadata } from '../../../contracts/metadata.ts';
import type { Product } from '../../../contracts/products.ts';
import { ENTITY_PREFIX } from './catalogue-keys.ts';
import type { OmConnection } from './om-connection.ts';

/**
 * URLs are JSON text, because redis-om joins lists with a character that may be in a URL; metadata
 * is, because its hashes have no objects; and ids of media are, in the same way.
 */
export type ProductEntity = Omit<Product, 'imageUrls' | 'mediaIds' | 'metadata'> & {
  readonly imageUrls: string;
  readonly mediaIds?: string;
  readonly metadata?: string;
};

/** Set by a script, too. redis-om stores true as 1. */
export const ANNOUNCED_FIELD = 'announced';

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
    metadata: { type: 'string' },
    externalId: { type: 'string' },
    mediaIds: { type: 'string' },
    [ANNOUNCED_FIELD]: { type: 'boolean' },
    unlisted: { type: 'boolean' },
  },
  { dataStructure: 'HASH' },
);

export function productEntityOf(product: Product): ProductEntity {
  const { imageUrls, metadata, mediaIds, ...rest } = product;
  const texts = metadata === undefined ? {} : { metadata: JSON.stringify(metadata) };
  const ids = mediaIds === undefined ? {} : { mediaIds: JSON.stringify(mediaIds) };
  return { ...rest, imageUrls: JSON.stringify(imageUrls), ...texts, ...ids };
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

/** By name: a hash that was copied to its bucket has a mark of that beside the fields. */
function productOf(entity: ProductEntity): Product {
  const { id, creatorId, name, description, createdAt, revision } = entity;
  const { imageUrls, metadata, externalId, mediaIds, announced, unlisted } = entity;
  return {
    id,
    creatorId,
    name,
    description,
    imageUrls: JSON.parse(imageUrls) as string[],
    createdAt,
    revision,
    ...(metadata !== undefined && { metadata: JSON.parse(metadata) as Metadata }),
    ...(externalId !== undefined && { externalId }),
    ...(mediaIds !== undefined && { mediaIds: JSON.parse(mediaIds) as string[] }),
    ...(announced === true && { announced }),
    ...(unlisted === true && { unlisted }),
  };
}
