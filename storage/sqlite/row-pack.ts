// Rows of many users packed into one run of bytes, so that thousands of them cost one SQLite row.
// Inserting each row by itself into a table keyed by user took 20 to 28 CPU microseconds (100,000
// users, 1000 rows a transaction: each row dirties a page of its own), which no drop of 65,000
// orders a second leaves room for.
//
// A row: its length in all (4 bytes), a hash of its user (4), a hash of its own id (4), its key (8,
// a double: what its list is ordered by), then UTF-8 text that begins with the user's id and a line
// feed. Little endian.

import { fnv1a } from '../../domain/ids.ts';

const USER_HASH_AT = 4;
const ID_HASH_AT = 8;
const KEY_AT = 12;
const TEXT_AT = 20;
const SCRATCH_BYTES_FIRST = 64 << 10;
/** A larger scratch is not kept. */
const SCRATCH_BYTES_KEPT = 1 << 20;
const BYTES_PER_CHARACTER_MAX = 3;

/** Rows are found by bucket, which is the low bits of their user's hash. */
export const BUCKETS = 4096;

export class RowPacker {
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_FIRST);
  #length = 0;

  /** Forgets rows that were added for a pack that then was not taken. */
  begin(): void {
    this.#length = 0;
  }

  /** `text` begins with the user's id and a line feed. */
  add(userId: string, idHash: number, key: number, text: string): void {
    const start = this.#length;
    const room = TEXT_AT + text.length * BYTES_PER_CHARACTER_MAX;
    if (start + room > this.#scratch.length) this.#grow(start + room);
    const scratch = this.#scratch;
    const length = TEXT_AT + scratch.write(text, start + TEXT_AT);
    scratch.writeUInt32LE(length, start);
    scratch.writeUInt32LE(fnv1a(userId), start + USER_HASH_AT);
    scratch.writeUInt32LE(idHash, start + ID_HASH_AT);
    scratch.writeDoubleLE(key, start + KEY_AT);
    this.#length = start + length;
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

  #grow(lengthMin: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(lengthMin, this.#scratch.length * 2));
    this.#scratch.copy(grown, 0, 0, this.#length);
    this.#scratch = grown;
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
  /** The id and the line feed that every text of this user's rows begins with. */
  readonly prefix: Buffer;
}

export function rowOwner(userId: string): RowOwner {
  const hash = fnv1a(userId);
  return { hash, bucket: hash % BUCKETS, prefix: Buffer.from(`${userId}\n`) };
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

export function rowText(bytes: Buffer, offset: number): string {
  return bytes.toString('utf8', offset + TEXT_AT, offset + rowLength(bytes, offset));
}

export function isOwnRow(bytes: Buffer, offset: number, owner: RowOwner): boolean {
  if (bytes.readUInt32LE(offset + USER_HASH_AT) !== owner.hash) return false;
  const { prefix } = owner;
  const start = offset + TEXT_AT;
  if (start + prefix.length > bytes.length) return false;
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[start + i] !== prefix[i]) return false;
  }
  return true;
}
