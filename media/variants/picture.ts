// Makes the variants of one picture with sharp. Runs in the process of media/variants/program.ts
// only: what is decoded here was made by anybody.

import { join } from 'node:path';
import sharp, { type Metadata, type OutputInfo, type Sharp } from 'sharp';
import {
  MEDIA_TYPES,
  type MediaRefusal,
  type MediaType,
  type PixelSize,
  refusalOfSize,
  refuse,
} from '../types/media-types.ts';
import {
  type Box,
  boxesOf,
  fileNameOf,
  LARGEST_BOX,
  type MadeVariant,
  type PICTURE_EXTENSIONS,
} from './recipes.ts';

type PictureExtension = (typeof PICTURE_EXTENSIONS)[number];

/** As libvips names what loads each type. Everything else of it that loads is blocked. */
const LOADERS: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['jpeg', 'VipsForeignLoadJpegFile'],
  'image/png': ['png', 'VipsForeignLoadPngFile'],
  'image/webp': ['webp', 'VipsForeignLoadWebpFile'],
  'image/gif': ['gif', 'VipsForeignLoadNsgifFile'],
  'image/avif': ['heif', 'VipsForeignLoadHeifFile'],
};

/** Settings by measurement: decision 086 has the time and the bytes of others. */
const ENCODERS: Readonly<Record<PictureExtension, (picture: Sharp) => Sharp>> = {
  avif: (picture) => picture.avif({ quality: 50, effort: 1 }),
  webp: (picture) => picture.webp({ quality: 78, effort: 2 }),
  jpg: (picture) => picture.jpeg({ quality: 80, progressive: true }),
  png: (picture) => picture.png({ palette: true, quality: 90, effort: 4 }),
};

const PREVIEW_SIDE = 24;
const PREVIEW_BLUR = 0.8;
const PREVIEW_QUALITIES = [40, 20, 1];
/** Of the whole data URL. */
export const PREVIEW_BYTES_MAX = 1_024;

export interface MadePicture {
  readonly ok: true;
  /** Of the picture as it is shown, so after rotation. */
  readonly size: PixelSize;
  readonly variants: readonly MadeVariant[];
  /** A few blurred pixels as a `data:` URL, to show until a variant is there. */
  readonly preview: string;
}

interface Pixels {
  readonly data: Buffer;
  readonly info: OutputInfo;
}

/** Must be called before the first picture. */
export function prepareSharp(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  const operation = Object.values(LOADERS).map(([, loader]) => loader!);
  sharp.unblock({ operation });
}

/** Writes the variants into `folder`. What cannot be decoded is refused as broken. */
export async function makePicture(
  file: string,
  type: MediaType,
  folder: string,
): Promise<MadePicture | MediaRefusal> {
  try {
    const opened = sharp(file, {
      limitInputPixels: MEDIA_TYPES[type].pixelsMax,
      sequentialRead: true,
      failOn: 'error',
    });
    const metadata = await opened.metadata();
    if (metadata.format !== LOADERS[type]?.[0])
      return refuse('broken', 'It is not what it begins as.');
    const size = sizeOf(metadata);
    const refused = refusalOfSize(type, size);
    if (refused !== null) return refused;
    const pixels = await pixelsOf(opened);
    return {
      ok: true,
      size,
      variants: await variantsOf(pixels, size, folder),
      preview: await previewOf(pixels),
    };
  } catch (error) {
    const { message } = error as Error;
    if (/alloc|out of memory/i.test(message))
      return refuse('too-costly', 'Decoding it takes too much memory.');
    if (/pixel limit/i.test(message)) return refuse('too-many-pixels', 'It has too many pixels.');
    if (/ENOSPC|unable to (?:open|write)|unix error|write error/i.test(message)) throw error;
    return refuse('broken', `It cannot be decoded: ${message.split('\n', 1)[0]}`);
  }
}

function sizeOf({ autoOrient }: Metadata): PixelSize {
  return { width: autoOrient.width, height: autoOrient.height };
}

/** Upright, in sRGB, 8 bits, within the largest box, without an alpha channel that says nothing. */
async function pixelsOf(opened: Sharp): Promise<Pixels> {
  const { width, height } = LARGEST_BOX;
  const pixels = await opened
    .autoOrient()
    .resize({ width, height, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { channels } = pixels.info;
  if (channels !== 2 && channels !== 4) return pixels;
  if (isTransparent(pixels.data, channels)) return pixels;
  return await pictureOf(pixels).removeAlpha().raw().toBuffer({ resolveWithObject: true });
}

function isTransparent(data: Buffer, channels: number): boolean {
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] !== 255) return true;
  return false;
}

/** One after the other: memory is what a picture must not take. */
async function variantsOf(pixels: Pixels, size: PixelSize, folder: string): Promise<MadeVariant[]> {
  const hasAlpha = pixels.info.channels === 2 || pixels.info.channels === 4;
  const extensions = ['avif', 'webp', hasAlpha ? 'png' : 'jpg'] as const;
  const variants: MadeVariant[] = [];
  for (const box of boxesOf(size)) {
    const fitted = await within(pixels, box).raw().toBuffer({ resolveWithObject: true });
    for (const extension of extensions) {
      const file = join(folder, fileNameOf({ name: box.name, extension }));
      const info = await ENCODERS[extension](pictureOf(fitted)).toFile(file);
      const { width, height, size: bytes } = info;
      variants.push({ name: box.name, extension, width, height, bytes });
    }
  }
  return variants;
}

function pictureOf({ data, info: { width, height, channels } }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

function within(pixels: Pixels, { width, height }: Pick<Box, 'width' | 'height'>): Sharp {
  return pictureOf(pixels).resize({ width, height, fit: 'inside', withoutEnlargement: true });
}

async function previewOf(pixels: Pixels): Promise<string> {
  const side = { width: PREVIEW_SIDE, height: PREVIEW_SIDE };
  for (const quality of PREVIEW_QUALITIES) {
    const picture = within(pixels, side)
      .blur(PREVIEW_BLUR)
      .webp({ quality, alphaQuality: quality });
    const url = `data:image/webp;base64,${(await picture.toBuffer()).toString('base64')}`;
    if (url.length <= PREVIEW_BYTES_MAX) return url;
  }
  throw new Error('a preview of 24 pixels takes more than 1 KiB');
}
