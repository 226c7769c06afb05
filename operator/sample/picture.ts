// Pictures of the sample shop, drawn here: a shape before a ground that runs from one colour to
// another, as a PNG (https://www.w3.org/TR/png-3/) of 8-bit RGB.

import { crc32, deflateSync } from 'node:zlib';

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

export interface Drawing {
  readonly shape: 'disc' | 'ring' | 'square' | 'wave';
  readonly from: Colour;
  readonly to: Colour;
  readonly ink: Colour;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const BITS = 8;
const RGB = 2;
const CHANNELS = 3;
/** How much darker the shadow of a shape is, and how far below it. */
const SHADE = 0.85;
const SHADOW_OFFSET = 0.04;

/** `x`, `y`: from -1 to 1 within the picture. */
const SHAPES: Readonly<Record<Drawing['shape'], (x: number, y: number) => boolean>> = {
  disc: (x, y) => x * x + y * y < 0.3,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.48) < 0.13,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.46,
  wave: (x, y) => Math.abs(x) < 0.62 && Math.abs(y - 0.18 * Math.sin(x * 6)) < 0.16,
};

/** A square of `size` pixels. */
export function drawPng(drawing: Drawing, size: number): Buffer {
  const { from, to, ink } = drawing;
  const isInside = SHAPES[drawing.shape];
  const rowBytes = 1 + size * CHANNELS;
  const rows = Buffer.alloc(rowBytes * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const x = (2 * column + 1) / size - 1;
      const y = (2 * row + 1) / size - 1;
      const share = (x + y + 2) / 4;
      const isInk = isInside(x, y);
      const shade = !isInk && isInside(x, y - SHADOW_OFFSET) ? SHADE : 1;
      // The first byte of each row names its filter: 0, none.
      const at = row * rowBytes + 1 + column * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel++) {
        const ground = from[channel]! + (to[channel]! - from[channel]!) * share;
        rows[at + channel] = Math.round(isInk ? ink[channel]! : ground * shade);
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = BITS;
  header[9] = RGB;
  const data = deflateSync(rows);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}
