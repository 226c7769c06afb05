// The types of media that are taken, and nothing else. The type is found from the bytes; neither
// the name of a file nor what its sender says counts (M1).

export const MEDIA_TYPES = {
  'image/jpeg': { kind: 'image', extension: 'jpg', pixelsMax: 2 ** 26 },
  'image/png': { kind: 'image', extension: 'png', pixelsMax: 2 ** 26 },
  'image/webp': { kind: 'image', extension: 'webp', pixelsMax: 2 ** 26 },
  'image/gif': { kind: 'image', extension: 'gif', pixelsMax: 2 ** 26 },
  // Level 6.0 of AV1, the highest of AVIF's profiles. A decoder holds the whole picture, which
  // takes some 18 bytes a pixel.
  'image/avif': { kind: 'image', extension: 'avif', pixelsMax: 35_651_584 },
  'video/mp4': { kind: 'video', extension: 'mp4', pixelsMax: 35_651_584 },
  'video/webm': { kind: 'video', extension: 'webm', pixelsMax: 35_651_584 },
} as const;

export type MediaType = keyof typeof MEDIA_TYPES;

/**
 * Why a file is refused. `type`: it is none of those. `broken`: it is cut off, or not built as its
 * type is. `polyglot`: it is a second type as well. `too-many-pixels`. `too-costly`: making its
 * variants took too much memory or time.
 */
export type MediaRefusalReason = 'type' | 'broken' | 'polyglot' | 'too-many-pixels' | 'too-costly';

export interface MediaRefusal {
  readonly ok: false;
  readonly reason: MediaRefusalReason;
  /** One sentence for who uploaded the file. */
  readonly detail: string;
}

export function refuse(reason: MediaRefusalReason, detail: string): MediaRefusal {
  return { ok: false, reason, detail };
}

/** The longest side in pixels: what WebP can hold, the smallest of the formats written. */
export const SIDE_PIXELS_MAX = 16_383;

export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** Null where the size is allowed for the type. */
export function refusalOfSize(type: MediaType, { width, height }: PixelSize): MediaRefusal | null {
  if (width < 1 || height < 1) return refuse('broken', 'It has no width or no height.');
  const { pixelsMax } = MEDIA_TYPES[type];
  if (width <= SIDE_PIXELS_MAX && height <= SIDE_PIXELS_MAX && width * height <= pixelsMax)
    return null;
  const megapixels = Math.floor(pixelsMax / 1e6);
  return refuse(
    'too-many-pixels',
    `It is ${width} x ${height} pixels; ${megapixels} megapixels and ` +
      `${SIDE_PIXELS_MAX} pixels a side are allowed.`,
  );
}
