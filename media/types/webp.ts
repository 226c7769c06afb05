// WebP: the chunks of its RIFF container (RFC 9649).

import type { PixelSize } from './media-types.ts';
import { broken, CUT_OFF, type Walk, walkedPicture } from './walk.ts';

const HEAD_BYTES = 12;

export const walkWebp: Walk = async (reader) => {
  const head = await reader.take(0, HEAD_BYTES);
  if (head === null) return CUT_OFF;
  const end = 8 + head.readUInt32LE(4);
  if (end > reader.bytes) return CUT_OFF;
  let size: PixelSize | null = null;
  let hasPicture = false;
  let at = HEAD_BYTES;
  while (at < end) {
    const chunk = await reader.take(at, 8);
    if (chunk === null) return CUT_OFF;
    const type = chunk.toString('latin1', 0, 4);
    const length = chunk.readUInt32LE(4);
    if (at + 8 + length > end) return broken('A chunk is longer than the file.');
    const data = await reader.take(at + 8, Math.min(length, 10));
    if (data === null) return CUT_OFF;
    size ??= sizeOf(type, data);
    if (type === 'VP8 ' || type === 'VP8L' || type === 'ANMF') hasPicture = true;
    // Chunks of odd lengths are padded.
    at += 8 + length + (length & 1);
  }
  if (!hasPicture || size === null) return broken('There is no picture in it.');
  return walkedPicture(end, size);
};

/** Of the chunk that comes first: VP8X, else the one with the picture. */
function sizeOf(type: string, data: Buffer): PixelSize | null {
  if (data.length < 10) {
    if (type !== 'VP8L' || data.length < 5) return null;
  }
  if (type === 'VP8X')
    return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
  if (type === 'VP8 ')
    return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
  if (type !== 'VP8L') return null;
  const bits = data.readUInt32LE(1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}
