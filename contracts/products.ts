// Creators' products (D1).

import { Type } from 'typebox';
import { DESCRIPTION_LENGTH_MAX, IMAGE_URLS_MAX, PRODUCT_NAME_LENGTH_MAX } from './bounds.ts';
import { described, describedAnew, externalId } from './metadata.ts';
import { list, paging } from './paging.ts';
import type { Plain } from './plain.ts';
import { LINE, LINES } from './patterns.ts';
import { count, httpUrl, id, STRICT, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

const name = Type.String({ minLength: 1, maxLength: PRODUCT_NAME_LENGTH_MAX, pattern: LINE });
const description = Type.String({ maxLength: DESCRIPTION_LENGTH_MAX, pattern: LINES });
const imageUrls = Type.Array(httpUrl, { maxItems: IMAGE_URLS_MAX });

export const NewProduct = Type.Object(
  {
    name,
    description: Type.Optional(description),
    imageUrls: Type.Optional(imageUrls),
    ...described,
  },
  { ...STRICT, title: 'NewProduct' },
);
export type NewProduct = Plain<typeof NewProduct>;

export const ProductPatch = Type.Object(
  {
    name: Type.Optional(name),
    description: Type.Optional(description),
    imageUrls: Type.Optional(imageUrls),
    ...describedAnew,
  },
  { ...STRICT, minProperties: 1, title: 'ProductPatch' },
);
export type ProductPatch = Plain<typeof ProductPatch>;

export const Product = Type.Object(
  {
    id,
    creatorId: userId,
    name: Type.String(),
    description: Type.String(),
    imageUrls: Type.Array(Type.String()),
    createdAt: time,
    /** Rises by one with each change (H12). */
    revision: count,
    ...described,
  },
  { title: 'Product' },
);
export type Product = Plain<typeof Product>;

// On the wire

export const ProductBody = wire(Product);
export const ProductPage = list(ProductBody, 'ProductPage');
/** Which products a list has. */
export interface ProductFilter {
  readonly creatorId?: string;
  /** Only together with `creatorId`. */
  readonly externalId?: string;
}

export const ProductQuery = Type.Object(
  {
    creator_id: Type.Optional(userId),
    external_id: Type.Optional({ ...externalId, description: 'only together with creator_id' }),
    ...paging,
  },
  STRICT,
);
