// PNG: its chunks (W3C PNG, third edition, section 5), each with its checksum, to IEND.

import { crc32 } from 'node:zlib';
import type { ByteReader } from './byte-source.ts';
import type { PixelSize } from './media-types.ts';
import { broken, CUT_OFF, type Walk, walkedPicture } from './walk.ts';

const SIGNATURE_BYTES = 8;
const HEADER_BYTES = 13;

export const walkPng: Walk = async (reader) => {
  let at = SIGNATURE_BYTES;
  let size: PixelSize | null = null;
  let hasData = false;
  for (;;) {
    const head = await reader.take(at, 8);
    if (head === null) return CUT_OFF;
    const length = head.readUInt32BE(0);
    const type = head.toString('latin1', 4, 8);
    if (length > 0x7fffffff || !/^[A-Za-z]{4}$/.test(type)) return broken('A chunk is wrong.');
    if (size === null) {
      if (type !== 'IHDR' || length !== HEADER_BYTES) return broken('It has no header.');
      const sides = await reader.take(at + 8, 8);
      if (sides === null) return CUT_OFF;
      size = { width: sides.readUInt32BE(0), height: sides.readUInt32BE(4) };
    }
    const sum = await checksum(reader, at + 4, length + 4);
    const stored = await reader.take(at + 8 + length, 4);
    if (sum === null || stored === null) return CUT_OFF;
    if (sum !== stored.readUInt32BE(0)) return broken(`A checksum of ${type} is wrong.`);
    at += 12 + length;
    if (type === 'IDAT') hasData = true;
    if (type === 'IEND')
      return hasData ? walkedPicture(at, size) : broken('There is no picture in it.');
  }
};

async function checksum(reader: ByteReader, start: number, bytes: number): Promise<number | null> {
  let sum = 0;
  let at = start;
  const end = start + bytes;
  if (end > reader.bytes) return null;
  while (at < end) {
    const rest = await reader.rest(at);
    if (rest === null) return null;
    const part = rest.subarray(0, end - at);
    sum = crc32(part, sum);
    at += part.length;
  }
  return sum;
}
