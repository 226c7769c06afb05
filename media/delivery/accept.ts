// Which formats of a picture a client gets that leaves the choice to the server.

import { PICTURE_EXTENSIONS, VARIANT_TYPES } from '../variants/recipes.ts';

type PictureExtension = (typeof PICTURE_EXTENSIONS)[number];

const FALLBACKS: ReadonlySet<PictureExtension> = new Set(['jpg', 'png']);

/**
 * Best first. AVIF and WebP only where Accept names them: who says only that it takes any picture
 * is often older than both. JPEG and PNG stand last in any case, so everybody gets something.
 */
export function extensionsFor(accept: string | undefined): PictureExtension[] {
  const qualities = qualitiesOf(accept ?? '');
  const qualityOf = (extension: PictureExtension) => qualities.get(VARIANT_TYPES[extension]) ?? 0;
  return PICTURE_EXTENSIONS.filter(
    (extension) => FALLBACKS.has(extension) || qualityOf(extension) > 0,
  ).sort(
    (a, b) => Number(FALLBACKS.has(a)) - Number(FALLBACKS.has(b)) || qualityOf(b) - qualityOf(a),
  );
}

function qualitiesOf(accept: string): ReadonlyMap<string, number> {
  return new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((text) => text.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      const value = quality === undefined ? 1 : Number(quality.slice(2));
      return [type, Number.isFinite(value) ? value : 0];
    }),
  );
}
