// Which variants a picture has. There are no free parameters: a variant is one of these or it is
// not there, so nobody can make the server make another (M3).

import type { MediaType } from '../types/media-types.ts';

/**
 * Part of every variant's name. It rises when the same upload would give other bytes, since what
 * is at an address stays in caches for a year.
 */
const RECIPE = 1;

/** In pixels. A box of this width and twice the height; a picture is never enlarged. */
const WIDTHS = [160, 320, 640, 1280, 2560] as const;
const HEIGHT_PER_WIDTH = 2;

export interface Box {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

const BOXES: readonly Box[] = WIDTHS.map((width) => ({
  name: `w${width}-${RECIPE}`,
  width,
  height: width * HEIGHT_PER_WIDTH,
}));

/** All of a picture is made from one decoding into this box. */
export const LARGEST_BOX: Box = BOXES.at(-1)!;

/**
 * Those that are smaller than the picture, and the first that is not: it has the picture's own
 * size.
 */
export function boxesOf(picture: { readonly width: number; readonly height: number }): Box[] {
  const holds = (box: Box) => box.width >= picture.width && box.height >= picture.height;
  const last = BOXES.findIndex(holds);
  return BOXES.slice(0, last < 0 ? BOXES.length : last + 1);
}

/** What is delivered, by extension. AVIF and WebP for browsers, JPEG or PNG for the rest. */
export const VARIANT_TYPES = {
  avif: 'image/avif',
  webp: 'image/webp',
  /** The fallback of opaque pictures. */
  jpg: 'image/jpeg',
  /** The fallback of pictures with transparency. */
  png: 'image/png',
  mp4: 'video/mp4',
  webm: 'video/webm',
} as const satisfies Readonly<Record<string, MediaType>>;

export type VariantExtension = keyof typeof VARIANT_TYPES;

/** Of a picture, smallest bytes first. */
export const PICTURE_EXTENSIONS = ['avif', 'webp', 'jpg', 'png'] as const;

/** A video is delivered as it was uploaded, without its metadata. */
export const VIDEO_NAME = `video-${RECIPE}`;

/** Names of every recipe there was: variants of an older one stay where they are. */
export const VARIANT_NAME = /^(?:w(?:160|320|640|1280|2560)|video)-[1-9]\d{0,3}$/;

export interface MadeVariant {
  readonly name: string;
  readonly extension: VariantExtension;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** The file of a variant in the folder that it was made in, and the end of its address. */
export function fileNameOf({ name, extension }: Pick<MadeVariant, 'name' | 'extension'>): string {
  return `${name}.${extension}`;
}

/** Where a variant is among the blobs. `sha256`: of the upload that it was made of. */
export function variantKey(
  sha256: string,
  variant: Pick<MadeVariant, 'name' | 'extension'>,
): string {
  return `${variantsFolder(sha256)}${fileNameOf(variant)}`;
}

/** The beginning of the keys of all variants of an upload. */
export function variantsFolder(sha256: string): string {
  return `variants/${sha256.slice(0, 2)}/${sha256}/`;
}

/** Its address at the media origin. */
export function variantPath(
  sha256: string,
  variant: Pick<MadeVariant, 'name' | 'extension'>,
): string {
  return `/m/${sha256}/${fileNameOf(variant)}`;
}
