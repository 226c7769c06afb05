// The format of values in snapshots and sealed drops: a checksum, then MessagePack with a format
// version. Values are small; sealed drops of an earlier release are large, and decoded in steps.

import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { CorruptError } from '../ports/journal.ts';
import type { Pause } from './steps.ts';

const FORMAT_VERSION = 1;
const CHECKSUM_BYTES = 4;
/** Bytes checked without a pause: a millisecond or less. */
const STEP_BYTES = 1 << 20;
const packr = new Packr({ useRecords: false });

export function encodeChecksummed(value: unknown): Uint8Array {
  const packed = packr.pack([FORMAT_VERSION, value]);
  const bytes = Buffer.allocUnsafeSlow(CHECKSUM_BYTES + packed.length);
  bytes.writeUInt32LE(crc32(packed), 0);
  packed.copy(bytes, CHECKSUM_BYTES);
  return bytes;
}

/** `what` names the value in the error. Errors: CorruptError. */
export function decodeChecksummed(bytes: Uint8Array, what: string): unknown {
  return unpackVersioned(bytes, crc32(bytes.subarray(CHECKSUM_BYTES)), what);
}

/** As `decodeChecksummed`, with pauses. */
export async function decodeChecksummedInSteps(
  bytes: Uint8Array,
  what: string,
  pause: Pause,
): Promise<unknown> {
  let checksum = 0;
  for (let at = CHECKSUM_BYTES; at < bytes.length; at += STEP_BYTES) {
    if (at > CHECKSUM_BYTES) await pause();
    checksum = crc32(bytes.subarray(at, at + STEP_BYTES), checksum);
  }
  return unpackVersioned(bytes, checksum, what);
}

function unpackVersioned(bytes: Uint8Array, checksum: number, what: string): unknown {
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (bytes.length <= CHECKSUM_BYTES || checksum !== expected)
    throw new CorruptError(`${what} does not match its checksum`);
  const packed = bytes.subarray(CHECKSUM_BYTES);
  const [version, value] = packr.unpack(packed) as [number, unknown];
  if (version !== FORMAT_VERSION)
    throw new CorruptError(`${what} has format ${version}, which this version cannot read`);
  return value;
}
