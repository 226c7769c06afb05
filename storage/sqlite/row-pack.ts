// Rows of many users packed into one run of bytes, so that thousands of them cost one SQLite row.
// Inserted each by itself into a table keyed by user, nearly every row dirties a page of its own,
// and costs several times as much (`bench/storage.ts` compares them).
//
// A row: its length in all (4 bytes), a hash of its user (4), a hash of its own id (4), its key (8,
// a double: what its list is ordered by), then fields. Texts are UTF-8 behind their length (2
// bytes), numbers take a byte for each seven bits. The first field is the user's id. Little endian.
// Short ASCII texts are written in plain loops, which is several times cheaper than a native call
// for each.

import { assert } from '../../domain/assert.ts';
import { fnv1a } from '../../domain/ids.ts';

/** As in `fnv1a`, which is written out here because one loop then does for both. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const USER_HASH_AT = 4;
const ID_HASH_AT = 8;
const KEY_AT = 12;
const FIELDS_AT = 20;
const LENGTH_BYTES = 2;
const NUMBER_BYTES_MAX = 8;
const BYTES_PER_CHARACTER_MAX = 3;
const TEXT_BYTES_MAX = 0xffff;
const SCRATCH_BYTES_FIRST = 64 << 10;
/** A larger scratch is not kept. */
const SCRATCH_BYTES_KEPT = 1 << 20;

/** Rows are found by bucket, which is the low bits of their user's hash. */
export const BUCKETS = 1024;

export class RowPacker {
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_FIRST);
  #row = 0;
  #length = 0;

  /** Forgets rows that were added for a pack that then was not taken. */
  begin(): void {
    this.#length = 0;
  }

  /** Begins a row, whose first field is the user. */
  row(userId: string, key: number): void {
    this.#row = this.#length;
    this.#reserve(FIELDS_AT);
    this.#length += FIELDS_AT;
    this.#scratch.writeUInt32LE(0, this.#row + ID_HASH_AT);
    this.#scratch.writeDoubleLE(key, this.#row + KEY_AT);
    this.#scratch.writeUInt32LE(this.text(userId), this.#row + USER_HASH_AT);
  }

  /** The row's own id, a text field whose hash lets readers pass other rows by. */
  id(id: string): void {
    this.#scratch.writeUInt32LE(this.text(id), this.#row + ID_HASH_AT);
  }

  /** Adds a text field and returns its hash, as `fnv1a` has it. */
  text(text: string): number {
    this.#reserve(LENGTH_BYTES + text.length * BYTES_PER_CHARACTER_MAX);
    const scratch = this.#scratch;
    const start = this.#length + LENGTH_BYTES;
    let hash = FNV_OFFSET;
    let other = 0;
    for (let i = 0; i < text.length; i++) {
      const character = text.charCodeAt(i);
      scratch[start + i] = character;
      hash = Math.imul(hash ^ character, FNV_PRIME);
      other |= character;
    }
    this.#endText(start, other < 0x80 ? text.length : scratch.write(text, start));
    return hash >>> 0;
  }

  /**
   * Adds a text field that nobody looks for: from some forty characters on a native call is
   * cheaper.
   */
  longText(text: string): void {
    this.#reserve(LENGTH_BYTES + text.length * BYTES_PER_CHARACTER_MAX);
    const start = this.#length + LENGTH_BYTES;
    this.#endText(start, this.#scratch.write(text, start));
  }

  /**
   * Adds a whole number from 0 up: seven bits a byte, the lowest first, the highest bit set on all
   * but the last.
   */
  number(number: number): void {
    assert(Number.isSafeInteger(number) && number >= 0, 'a number in a row is whole, from 0 up');
    this.#reserve(NUMBER_BYTES_MAX);
    const scratch = this.#scratch;
    let rest = number;
    while (rest >= 0x80) {
      scratch[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    scratch[this.#length++] = rest;
  }

  endRow(): void {
    this.#scratch.writeUInt32LE(this.#length - this.#row, this.#row);
  }

  /** All rows since `begin`, in memory of their own. */
  take(): Buffer {
    const pack = Buffer.allocUnsafeSlow(this.#length);
    this.#scratch.copy(pack, 0, 0, this.#length);
    if (this.#scratch.length > SCRATCH_BYTES_KEPT) {
      this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_FIRST);
    }
    return pack;
  }

  #endText(start: number, length: number): void {
    assert(length <= TEXT_BYTES_MAX, 'a text is too long for a row');
    this.#scratch[start - 2] = length & 0xff;
    this.#scratch[start - 1] = length >>> 8;
    this.#length = start + length;
  }

  #reserve(bytes: number): void {
    const lengthMin = this.#length + bytes;
    if (lengthMin <= this.#scratch.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(lengthMin, this.#scratch.length * 2));
    this.#scratch.copy(grown, 0, 0, this.#length);
    this.#scratch = grown;
  }
}

/** Reads a row's fields in the order they were written, the user's id first. */
export class RowFields {
  readonly #bytes: Buffer;
  #at: number;

  constructor({ bytes, offset }: RowPlace) {
    this.#bytes = bytes;
    this.#at = offset + FIELDS_AT;
  }

  text(): string {
    const start = this.#at + LENGTH_BYTES;
    this.#at = start + this.#bytes.readUInt16LE(this.#at);
    return this.#bytes.toString('utf8', start, this.#at);
  }

  number(): number {
    let number = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.#bytes[this.#at++]!;
      if (byte < 0x80) return number + byte * unit;
      number += (byte - 0x80) * unit;
    }
  }
}

/** One row where it stands. */
export interface RowPlace {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly key: number;
}

/** A user to look for, with what makes looking cheap. */
export interface RowOwner {
  readonly hash: number;
  readonly bucket: number;
  /** What the fields of this user's rows begin with. */
  readonly prefix: Buffer;
}

export function rowOwner(userId: string): RowOwner {
  const id = Buffer.from(userId);
  const prefix = Buffer.alloc(LENGTH_BYTES + id.length);
  prefix.writeUInt16LE(id.length, 0);
  id.copy(prefix, LENGTH_BYTES);
  const hash = fnv1a(userId);
  return { hash, bucket: hash % BUCKETS, prefix };
}

export function rowLength(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset);
}

export function rowBucket(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + USER_HASH_AT) % BUCKETS;
}

export function rowIdHash(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + ID_HASH_AT);
}

export function rowKey(bytes: Buffer, offset: number): number {
  return bytes.readDoubleLE(offset + KEY_AT);
}

/** A view. */
export function rowBytes(bytes: Buffer, offset: number): Buffer {
  return bytes.subarray(offset, offset + rowLength(bytes, offset));
}

export function isOwnRow(bytes: Buffer, offset: number, owner: RowOwner): boolean {
  if (bytes.readUInt32LE(offset + USER_HASH_AT) !== owner.hash) return false;
  const { prefix } = owner;
  const start = offset + FIELDS_AT;
  if (start + prefix.length > bytes.length) return false;
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[start + i] !== prefix[i]) return false;
  }
  return true;
}
