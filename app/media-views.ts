// What products and profiles show of their media (M1): what is ready, and public or the viewer's
// own. URLs are paths here; gateways make the rest of them.

import type { Requester } from '../contracts/accounts.ts';
import type { Media, MediaContent, Picture, ProductMedia } from '../contracts/media.ts';
import type { Product, ProductView } from '../contracts/products.ts';
import type { MediaStore } from '../storage/ports/media.ts';
import { mayAct } from './permissions.ts';

/** Types that every browser shows. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png']);
/** The variant of a card: the smallest that is as wide, or the widest. */
const PICTURE_WIDTH = 640;

/** A product with all of its media. `viewer`: null for anybody. */
export async function productView(
  store: Pick<MediaStore, 'findAll'>,
  product: Product,
  viewer: Requester | null,
): Promise<ProductView> {
  const { mediaIds = [] } = product;
  if (mediaIds.length === 0) return product;
  return viewOf(product, await store.findAll(mediaIds), viewer);
}

/** Products with all of their media, for anybody, in one read. */
export async function productViews(
  store: Pick<MediaStore, 'findAll'>,
  products: readonly Product[],
): Promise<ProductView[]> {
  const mediaIds = products.flatMap((product) => product.mediaIds ?? []);
  if (mediaIds.length === 0) return [...products];
  const found = await store.findAll(mediaIds);
  return products.map((product) => viewOf(product, found, null));
}

/** Products with their first pictures, in one read. */
export async function productCards(
  store: Pick<MediaStore, 'findAll'>,
  products: readonly Product[],
): Promise<ProductView[]> {
  const firstIds = products.flatMap(({ mediaIds }) => mediaIds?.[0] ?? []);
  if (firstIds.length === 0) return [...products];
  const found = await store.findAll(firstIds);
  return products.map((product) => cardOf(product, found, mayViewOf(product, null)));
}

/** Of the media of each product and of each profile, by their ids. */
export async function picturesOf(
  store: Pick<MediaStore, 'findAll'>,
  mediaIds: readonly string[],
): Promise<ReadonlyMap<string, Picture>> {
  if (mediaIds.length === 0) return new Map();
  const found = await store.findAll(mediaIds);
  return new Map(
    mediaIds.flatMap((id) => {
      const picture = pictureOf(found.get(id));
      return picture === null ? [] : [[id, picture] as const];
    }),
  );
}

function viewOf(
  product: Product,
  found: ReadonlyMap<string, Media>,
  viewer: Requester | null,
): ProductView {
  const { mediaIds = [] } = product;
  const mayView = mayViewOf(product, viewer);
  const media = mediaIds.flatMap((id) => shownMedia(found.get(id), mayView) ?? []);
  return { ...cardOf(product, found, mayView), ...(media.length > 0 && { media }) };
}

function cardOf(
  product: Product,
  found: ReadonlyMap<string, Media>,
  mayView: (media: Media) => boolean,
): ProductView {
  const first = found.get(product.mediaIds?.[0] ?? '');
  const picture = first === undefined || !mayView(first) ? null : pictureOf(first);
  return {
    ...product,
    ...(product.mediaIds !== undefined &&
      product.announced !== true && { hasPrivateMedia: true as const }),
    ...(picture !== null && { picture }),
  };
}

function mayViewOf(product: Product, viewer: Requester | null): (media: Media) => boolean {
  const isOwn = viewer !== null && mayAct(viewer, product.creatorId, 'media.upload');
  return ({ visibility }) => isOwn || product.announced === true || visibility !== 'private';
}

function shownMedia(
  media: Media | undefined,
  mayView: (media: Media) => boolean,
): ProductMedia | null {
  const content = contentOf(media);
  if (media === undefined || content === null || !mayView(media)) return null;
  const { kind, type, width, height, preview, variants } = content;
  return { id: media.id, kind, type, width, height, preview, variants };
}

/** Null where it is not ready, or has no picture: a film without ffmpeg. */
function pictureOf(media: Media | undefined): Picture | null {
  const content = contentOf(media);
  if (media === undefined || content === null) return null;
  const plain = content.variants.filter(({ type }) => PLAIN_TYPES.has(type));
  const byWidth = plain.toSorted((one, other) => one.width - other.width);
  const variant = byWidth.find(({ width }) => width >= PICTURE_WIDTH) ?? byWidth.at(-1);
  if (variant === undefined) return null;
  const { width, height, url } = variant;
  return { id: media.id, width, height, url, preview: content.preview };
}

function contentOf(media: Media | undefined): MediaContent | null {
  return media?.status === 'ready' ? media.content : null;
}
