// Reads the records of a bundle from a file, one after the other, in bounded memory.

import { createReadStream } from 'node:fs';

const MAGIC = Buffer.from('livedrops-ledger-bundle/1\n');
const HEAD_BYTES = 5;
/** A record is at most 256 leaves of 65,535 bytes. */
const PAYLOAD_MAX = 2 + 256 * (2 + 65_535);

/** Throws where the file is no bundle, or is cut off. */
export async function* readRecords(file) {
  let bytes = Buffer.alloc(0);
  let begun = false;
  let at = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    if (!begun) {
      if (bytes.length < MAGIC.length) continue;
      if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
        throw new Error('this is no bundle of a ledger, or of a version that is not known');
      bytes = bytes.subarray(MAGIC.length);
      at = MAGIC.length;
      begun = true;
    }
    let taken = 0;
    while (bytes.length - taken >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(taken + 1);
      if (length > PAYLOAD_MAX) throw new Error(`the record at byte ${at + taken} is too long`);
      const end = taken + HEAD_BYTES + length;
      if (bytes.length < end) break;
      const kind = String.fromCharCode(bytes[taken]);
      yield { kind, at: at + taken, payload: bytes.subarray(taken + HEAD_BYTES, end) };
      taken = end;
    }
    bytes = bytes.subarray(taken);
    at += taken;
  }
  if (!begun) throw new Error('this is no bundle of a ledger');
  if (bytes.length > 0) throw new Error(`the bundle is cut off behind byte ${at}`);
}

export function readNumber(bytes, at) {
  const value = bytes.readBigUInt64BE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`the number ${value} is too large`);
  return Number(value);
}

/** Leaves, before each its length in two bytes. */
export function splitLeaves(bytes) {
  const leaves = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0);
    if (end > bytes.length || at + 2 > bytes.length) throw new Error('a leaf is cut off');
    leaves.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return leaves;
}
