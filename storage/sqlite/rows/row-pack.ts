// Packs rows of many users into one run of bytes, so that thousands of rows cost one SQLite row. If
// each row were inserted into a table keyed by user, nearly every row would dirty a page of its own
// and cost several times as much (`bench/probes/storage.ts` compares both).
//
// A row: its whole length (4 bytes), a hash of its user (4), a hash of its own id (4), two keys (8
// each, doubles: the lists are ordered by them; -1 if the row is not in that list), then fields. A
// number takes a byte for each seven bits; a text is its length, then UTF-8. The first field is the
// user's id. Little endian. Short ASCII texts are written in plain loops, which is several times
// cheaper than a native call for each.

import { assert } from '../../../domain/assert.ts';
import { fnv1a } from '../../../domain/ids.ts';
import { BUCKETS, rankOfHash } from './run-ids.ts';

/** As in `fnv1a`. The hash is computed here as well, in the loop that writes the text. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const USER_HASH_AT = 4;
const ID_HASH_AT = 8;
const FIELDS_AT = 28;
const NUMBER_BYTES_MAX = 8;
/** The longest text whose length takes one byte. */
const SHORT_TEXT_MAX = 0x7f;
const SCRATCH_BYTES_FIRST = 64 << 10;
/** A larger scratch is released after use. */
const SCRATCH_BYTES_MAX = 1 << 20;

/** The offset of the key of the order list: when the order was placed. */
export const CREATED_AT = 12;
/** The offset of the key of the feed: the notification's id. */
export const NOTIFICATION_ID = 20;
export type RowKey = typeof CREATED_AT | typeof NOTIFICATION_ID;
/** The key of a row that is not in the list. */
export const NO_KEY = -1;

export class RowPacker {
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_FIRST);
  #view = viewOf(this.#scratch);
  #row = 0;
  #length = 0;

  /** Begins a pack, and drops the rows of a pack that was not taken. */
  begin(): void {
    this.#length = 0;
  }

  /** Begins a row. Its first field is the user. */
  row(userId: string, createdAt: number, notificationId: number): void {
    this.#row = this.#length;
    this.#reserve(FIELDS_AT);
    this.#length += FIELDS_AT;
    this.#view.setUint32(this.#row + ID_HASH_AT, 0, true);
    this.#view.setFloat64(this.#row + CREATED_AT, createdAt, true);
    this.#view.setFloat64(this.#row + NOTIFICATION_ID, notificationId, true);
    // The text comes first, because it may move the rows to a larger scratch and another view.
    const hash = this.text(userId);
    this.#view.setUint32(this.#row + USER_HASH_AT, hash, true);
  }

  /** Adds the row's own id, a text field whose hash lets readers skip other rows. */
  id(id: string): void {
    const hash = this.text(id);
    this.#view.setUint32(this.#row + ID_HASH_AT, hash, true);
  }

  /** Adds a text field and returns its `fnv1a` hash. */
  text(text: string): number {
    if (text.length > SHORT_TEXT_MAX) {
      this.longText(text);
      return fnv1a(text);
    }
    this.#reserve(1 + text.length);
    const scratch = this.#scratch;
    const start = this.#length + 1;
    let hash = FNV_OFFSET;
    let other = 0;
    for (let i = 0; i < text.length; i++) {
      const character = text.charCodeAt(i);
      scratch[start + i] = character;
      hash = Math.imul(hash ^ character, FNV_PRIME);
      other |= character;
    }
    if (other > 0x7f) this.longText(text);
    else {
      scratch[start - 1] = text.length;
      this.#length = start + text.length;
    }
    return hash >>> 0;
  }

  /**
   * Adds a text field without a hash: from about forty characters on a native call is cheaper.
   */
  longText(text: string): void {
    const length = Buffer.byteLength(text);
    this.number(length);
    this.#reserve(length);
    this.#length += this.#scratch.write(text, this.#length);
  }

  /**
   * Adds a whole number from 0 up: seven bits in each byte, the lowest first; the highest bit is
   * set in all bytes but the last.
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
    this.#view.setUint32(this.#row, this.#length - this.#row, true);
  }

  /** All rows since `begin`, in a buffer of their own. */
  take(): Buffer {
    const pack = Buffer.allocUnsafeSlow(this.#length);
    this.#scratch.copy(pack, 0, 0, this.#length);
    if (this.#scratch.length > SCRATCH_BYTES_MAX) {
      this.#useScratch(Buffer.allocUnsafeSlow(SCRATCH_BYTES_FIRST));
    }
    return pack;
  }

  #reserve(bytes: number): void {
    const lengthMin = this.#length + bytes;
    if (lengthMin <= this.#scratch.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(lengthMin, this.#scratch.length * 2));
    this.#scratch.copy(grown, 0, 0, this.#length);
    this.#useScratch(grown);
  }

  #useScratch(scratch: Buffer<ArrayBuffer>): void {
    this.#scratch = scratch;
    this.#view = viewOf(scratch);
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
    const length = this.number();
    const start = this.#at;
    this.#at = start + length;
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

/** The place of one row, with its key in the list of the search. */
export interface RowPlace {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly key: number;
}

/** A user whose rows are searched, with values that make the search cheap. */
export interface RowOwner {
  readonly hash: number;
  readonly bucket: number;
  readonly rank: number;
  /** The first bytes of the fields of this user's rows. */
  readonly prefix: Buffer;
}

/**
 * One for all owners: a new one takes 64 KiB beside V8's heap. With a thousand pages of orders a
 * second these made V8 collect the whole heap twice a second, for 20 to 50 ms of this thread.
 */
const prefixPacker = new RowPacker();

export function rowOwner(userId: string): RowOwner {
  prefixPacker.begin();
  const hash = prefixPacker.text(userId);
  const prefix = prefixPacker.take();
  return { hash, bucket: hash % BUCKETS, rank: rankOfHash(hash), prefix };
}

export function rowLength(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset);
}

export function rowUserHash(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + USER_HASH_AT);
}

export function rowBucket(bytes: Buffer, offset: number): number {
  return rowUserHash(bytes, offset) % BUCKETS;
}

export function rowIdHash(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + ID_HASH_AT);
}

export function rowKey(bytes: Buffer, offset: number, key: RowKey): number {
  return bytes.readDoubleLE(offset + key);
}

/** A view of the row's bytes. */
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

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The range of the keys of one list among some rows; empty until a key is added. */
export class KeyRange {
  min: number;
  max: number;

  constructor(min = 0, max = NO_KEY) {
    this.min = min;
    this.max = max;
  }

  add(key: number): void {
    if (key === NO_KEY) return;
    if (this.max === NO_KEY || key < this.min) this.min = key;
    if (key > this.max) this.max = key;
  }

  addRange({ min, max }: KeyRange): void {
    if (max < min) return;
    this.add(min);
    this.add(max);
  }

  meets(min: number, max: number): boolean {
    return this.min <= max && this.max >= min;
  }
}
