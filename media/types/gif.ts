// GIF: its blocks (GIF89a specification), frame by frame, to the trailer.

import type { ByteReader } from './byte-source.ts';
import { broken, CUT_OFF, type Walk, walkedPicture } from './walk.ts';

const SCREEN_END = 13;
const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const IMAGE_DESCRIPTOR_BYTES = 10;

export const walkGif: Walk = async (reader) => {
  const screen = await reader.take(0, SCREEN_END);
  if (screen === null) return CUT_OFF;
  const size = { width: screen.readUInt16LE(6), height: screen.readUInt16LE(8) };
  let at = SCREEN_END + colorTableBytes(screen[10]!);
  let frames = 0;
  for (;;) {
    const block = await reader.take(at, 1);
    if (block === null) return CUT_OFF;
    if (block[0] === TRAILER)
      return frames > 0 ? walkedPicture(at + 1, size) : broken('There is no picture in it.');
    let data: number;
    if (block[0] === EXTENSION) {
      data = at + 2;
    } else if (block[0] === IMAGE) {
      const descriptor = await reader.take(at, IMAGE_DESCRIPTOR_BYTES);
      if (descriptor === null) return CUT_OFF;
      frames += 1;
      // One byte behind the color table is the size of the first codes.
      data = at + IMAGE_DESCRIPTOR_BYTES + colorTableBytes(descriptor[9]!) + 1;
    } else {
      return broken('A block is wrong.');
    }
    const end = await endOfSubBlocks(reader, data);
    if (end === null) return CUT_OFF;
    at = end;
  }
};

function colorTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Sub-blocks of up to 255 bytes, each behind its length, up to one of length 0. */
async function endOfSubBlocks(reader: ByteReader, start: number): Promise<number | null> {
  let at = start;
  for (;;) {
    const rest = await reader.rest(at);
    if (rest === null) return null;
    let inRest = 0;
    while (inRest < rest.length) {
      const length = rest[inRest]!;
      inRest += 1 + length;
      if (length === 0) return at + inRest;
    }
    at += inRest;
  }
}
