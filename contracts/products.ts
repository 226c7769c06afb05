// Creators' products (D1).

import { Type } from 'typebox';
import {
  DESCRIPTION_LENGTH_MAX,
  IMAGE_URLS_MAX,
  MEDIA_OF_PRODUCT_MAX,
  PRODUCT_NAME_LENGTH_MAX,
} from './bounds.ts';
import { Picture, ProductMedia } from './media.ts';
import { described, describedAnew, externalId } from './metadata.ts';
import { list, paging } from './paging.ts';
import type { Plain } from './plain.ts';
import { LINE, LINES } from './patterns.ts';
import { count, httpUrl, id, STRICT, time, userId } from './scalars.ts';
import { madeUnlisted, unlisted, unlistedToo } from './unlisted.ts';
import { inside, wire } from './wire.ts';

const name = Type.String({ minLength: 1, maxLength: PRODUCT_NAME_LENGTH_MAX, pattern: LINE });
const description = Type.String({ maxLength: DESCRIPTION_LENGTH_MAX, pattern: LINES });
const imageUrls = Type.Array(httpUrl, {
  maxItems: IMAGE_URLS_MAX,
  description: 'addresses of pictures elsewhere; not together with mediaIds',
});
const mediaIds = Type.Array(id, {
  maxItems: MEDIA_OF_PRODUCT_MAX,
  uniqueItems: true,
  description: 'uploaded pictures and films by their REST ids, in order; they replace imageUrls',
});

export const NewProduct = Type.Object(
  {
    name,
    description: Type.Optional(description),
    imageUrls: Type.Optional(imageUrls),
    mediaIds: Type.Optional(mediaIds),
    ...described,
    unlisted: madeUnlisted,
  },
  { ...STRICT, title: 'NewProduct' },
);
export type NewProduct = Plain<typeof NewProduct>;

export const ProductPatch = Type.Object(
  {
    name: Type.Optional(name),
    description: Type.Optional(description),
    imageUrls: Type.Optional(imageUrls),
    mediaIds: Type.Optional(mediaIds),
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
    /** From feature level 6 on; absent for none. */
    mediaIds: Type.Optional(mediaIds),
    /** A drop of it was announced, from feature level 6 on: its media are public. */
    announced: inside(Type.Optional(Type.Literal(true))),
    /** So are all its drops. */
    unlisted,
  },
  { title: 'Product' },
);
export type Product = Plain<typeof Product>;

/** With what there is to see of it. */
export const ProductView = Type.Object(
  {
    ...Product.properties,
    hasPrivateMedia: Type.Optional(
      Type.Literal(true, {
        description: 'its owner alone sees its media, until its first drop is announced',
      }),
    ),
    /** Of the first medium that has one. */
    picture: Type.Optional(Picture),
    /** Those that are ready, in the order of `mediaIds`. Lists leave them out. */
    media: Type.Optional(Type.Array(ProductMedia)),
  },
  { title: 'Product' },
);
export type ProductView = Plain<typeof ProductView>;

// On the wire

/** As it is stored, for the change stream. */
export const StoredProductBody = wire(Product);
export const ProductBody = wire(ProductView);
export const ProductPage = list(ProductBody, 'ProductPage');
/** Which products a list has. */
export interface ProductFilter {
  readonly creatorId?: string;
  /** Only together with `creatorId`. */
  readonly externalId?: string;
  /** Also what is unlisted (D10). */
  readonly withUnlisted?: boolean;
}

export const ProductQuery = Type.Object(
  {
    creator_id: Type.Optional(userId),
    external_id: Type.Optional({ ...externalId, description: 'only together with creator_id' }),
    unlisted: unlistedToo,
    ...paging,
  },
  STRICT,
);
