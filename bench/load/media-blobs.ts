// What the scenario `media` reads: a picture to be uploaded, and variants in a folder of blobs.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { variantKey, variantPath } from '../../media/variants/recipes.ts';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';

/** A picture of 12 megapixels, as telephones take them. */
const PICTURE = { width: 4_000, height: 3_000 };
const NOISE_SCALE = 4;
/** The size of a `w640` in WebP, and of a piece of a video that a player asks for. */
export const VARIANT_BYTES = 60_000;
const VIDEO_BYTES = 64 * 1024 * 1024;
export const VARIANTS = 500;

export interface Prepared {
  readonly folder: string;
  readonly picture: string;
  readonly variants: readonly string[];
  readonly video: string;
}

/** A picture in `folder`, and variants in the blobs of the server that is measured. */
export async function prepare(folder: string, blobsFolder: string): Promise<Prepared> {
  const blobs = new FolderBlobs({ folder: blobsFolder, create: true });
  const { width, height } = PICTURE;
  const noise = sharp({
    create: {
      width: width / NOISE_SCALE,
      height: height / NOISE_SCALE,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 50 },
    },
  });
  const picture = join(folder, 'picture.jpg');
  await sharp(await noise.blur(2).png().toBuffer())
    .resize(width, height)
    .jpeg({ quality: 88 })
    .toFile(picture);
  const store = async (name: string, extension: 'webp' | 'mp4', bytes: number) => {
    const sha256 = randomBytes(32).toString('hex');
    const key = variantKey(sha256, { name, extension });
    await blobs.put(key, Readable.from([randomBytes(bytes)]), { bytesMax: bytes });
    return variantPath(sha256, { name, extension });
  };
  const variants: string[] = [];
  for (let i = 0; i < VARIANTS; i++) variants.push(await store('w640-1', 'webp', VARIANT_BYTES));
  const video = await store('video-1', 'mp4', VIDEO_BYTES);
  return { folder: blobsFolder, picture, variants, video };
}
