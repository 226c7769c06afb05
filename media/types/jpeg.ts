// JPEG: markers and segments (ITU-T T.81, annex B), through every scan to the end marker.

import type { ByteReader } from './byte-source.ts';
import type { PixelSize } from './media-types.ts';
import { broken, CUT_OFF, type Walk, walkedPicture } from './walk.ts';

const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
/** DHT, JPG and DAC lie between the frame markers C0 to CF. */
const NO_FRAME = new Set([0xc4, 0xc8, 0xcc]);

export const walkJpeg: Walk = async (reader) => {
  let at = 2;
  let size: PixelSize | null = null;
  let scans = 0;
  for (;;) {
    const marker = await reader.take(at, 2);
    if (marker === null) return CUT_OFF;
    if (marker[0] !== 0xff) return broken('A marker is missing.');
    const code = marker[1]!;
    // Any number of fill bytes may stand before a marker.
    if (code === 0xff) {
      at += 1;
      continue;
    }
    if (code === END_OF_IMAGE) {
      if (size === null || scans === 0) return broken('There is no picture in it.');
      return walkedPicture(at + 2, size);
    }
    if (isAlone(code)) {
      at += 2;
      continue;
    }
    if (code === START_OF_IMAGE || code < 0xc0) return broken('A marker is wrong.');
    const head = await reader.take(at + 2, 2);
    if (head === null) return CUT_OFF;
    const length = head.readUInt16BE(0);
    if (length < 2) return broken('A segment is too short.');
    if (isFrame(code)) {
      const frame = await reader.take(at + 4, 6);
      if (frame === null) return CUT_OFF;
      if (length < 8) return broken('A segment is too short.');
      size ??= { height: frame.readUInt16BE(1), width: frame.readUInt16BE(3) };
    }
    at += 2 + length;
    if (code === START_OF_SCAN) {
      scans += 1;
      const end = await endOfScan(reader, at);
      if (end === null) return CUT_OFF;
      at = end;
    }
  }
};

function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && !NO_FRAME.has(code);
}

/** TEM and the restart markers have no length. */
function isAlone(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= 0xd7);
}

/** Where the next marker stands: FF that is followed by neither 00 nor a restart. */
async function endOfScan(reader: ByteReader, start: number): Promise<number | null> {
  let at = start;
  for (;;) {
    const rest = await reader.rest(at);
    if (rest === null) return null;
    const found = rest.indexOf(0xff);
    if (found < 0) {
      at += rest.length;
      continue;
    }
    const pair = await reader.take(at + found, 2);
    if (pair === null) return null;
    const next = pair[1]!;
    if (next !== 0 && next !== 0xff && !isAlone(next)) return at + found;
    at += found + (next === 0xff ? 1 : 2);
  }
}
