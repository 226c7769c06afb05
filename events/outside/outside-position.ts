// A position in the outside stream as one opaque string: the sequence reached in each shard's
// journal and in each bucket of the change stream, and the progress of a full pass. It is a
// version, then numbers of 7 bits a byte (LEB128), then a checksum, in base64url. It is not signed:
// a forged position only shows what the reader may see anyway.

import { crc32 } from 'node:zlib';

const FORMAT_VERSION = 1;
const CHECKSUM_BYTES = 4;

export interface OutsidePosition {
  /** By shard. */
  readonly shards: readonly number[];
  /** By bucket; during a full pass, the sequence from which reading continues after it. */
  readonly buckets: readonly number[];
  /** Null: no full pass is running. */
  readonly pass: { readonly bucket: number; readonly cursor: string | null } | null;
}

/** The text is no position, or is of an installation with another number of shards. */
export class InvalidPositionError extends Error {
  readonly code = 'invalid-position';
}

export function encodePosition({ shards, buckets, pass }: OutsidePosition): string {
  const bytes: number[] = [FORMAT_VERSION];
  for (const list of [shards, buckets]) {
    putNumber(bytes, list.length);
    for (const sequence of list) putNumber(bytes, sequence);
  }
  // The pass's bucket, counted from 1, then the length of its cursor, counted from 1; 0 for none.
  putNumber(bytes, pass === null ? 0 : pass.bucket + 1);
  if (pass !== null) {
    const cursor = pass.cursor === null ? null : Buffer.from(pass.cursor);
    putNumber(bytes, cursor === null ? 0 : cursor.length + 1);
    if (cursor !== null) bytes.push(...cursor);
  }
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(Buffer.from(bytes)));
  return Buffer.concat([Buffer.from(bytes), checksum]).toString('base64url');
}

/** Errors: `invalid-position`, also where the numbers of shards and buckets differ from these. */
export function decodePosition(
  text: string,
  counts: { readonly shards: number; readonly buckets: number },
): OutsidePosition {
  const bytes = Buffer.from(text, 'base64url');
  const length = bytes.length - CHECKSUM_BYTES;
  // Each position has one spelling: decoding ignores characters that are not base64url.
  if (length < 1 || bytes.toString('base64url') !== text) throw invalid();
  if (crc32(bytes.subarray(0, length)) !== bytes.readUInt32LE(length)) throw invalid();
  if (bytes[0] !== FORMAT_VERSION) throw invalid();
  const reader = new NumberReader(bytes.subarray(1, length));
  const shards = reader.list(counts.shards);
  const buckets = reader.list(counts.buckets);
  const passBucket = reader.number();
  if (passBucket > counts.buckets) throw invalid();
  if (passBucket === 0) return { shards, buckets, pass: null };
  const cursorLength = reader.number();
  const cursor = cursorLength === 0 ? null : reader.text(cursorLength - 1);
  return { shards, buckets, pass: { bucket: passBucket - 1, cursor } };
}

function putNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push(128 + (rest % 128));
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

class NumberReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw invalid();
      value += (byte % 128) * factor;
      if (!Number.isSafeInteger(value)) throw invalid();
      if (byte < 128) return value;
    }
  }

  list(expected: number): number[] {
    if (this.number() !== expected) throw invalid();
    return Array.from({ length: expected }, () => this.number());
  }

  text(length: number): string {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw invalid();
    return this.#bytes.toString('utf8', this.#at, end);
  }
}

function invalid(): InvalidPositionError {
  return new InvalidPositionError('the position is not one of this installation');
}
