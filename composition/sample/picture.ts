// Pictures of sample goods: a few shapes before a ground that runs from one colour to another.

import sharp from 'sharp';

export interface Drawing {
  /** CSS colours, from the upper left to the lower right. */
  readonly ground: readonly [from: string, to: string];
  /** Of the shapes. */
  readonly ink: string;
  /** SVG elements in a square of 1,200 by 900 units. */
  readonly shapes: string;
}

const WIDTH = 1_200;
const HEIGHT = 900;
const QUALITY = 90;

/** A JPEG. */
export async function draw({ ground: [from, to], ink, shapes }: Drawing): Promise<Blob> {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">` +
    `<linearGradient id="ground" x1="0" y1="0" x2="1" y2="1"><stop stop-color="${from}"/>` +
    `<stop offset="1" stop-color="${to}"/></linearGradient>` +
    `<rect width="100%" height="100%" fill="url(#ground)"/><g fill="${ink}">${shapes}</g></svg>`;
  const bytes = await sharp(Buffer.from(svg)).jpeg({ quality: QUALITY }).toBuffer();
  return new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' });
}
