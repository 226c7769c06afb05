// A compact set of short ASCII texts, each with a number beside it (its salt), numbered in order of
// adding. Holds a drop's user ids and idempotency keys: millions of them as bytes in typed arrays,
// so that they cost neither garbage collection nor 100 bytes each.
//
// Texts lie in segments of 4,096. They are found by extendible hashing (Fagin, Nievergelt,
// Pippenger, Strong: "Extendible Hashing", ACM TODS 4(3), 1979): a directory indexed by the hash's
// leading bits points to buckets of open addressing. Only one bucket of at most 512 slots is
// rehashed at a time, so adding the millionth text takes as long as adding the first. A `Map` that
// doubles would stop a sale for a tenth of a second.

import { assert } from './assert.ts';
import { fnv1a } from './ids.ts';

export const SEGMENT_LENGTH = 4096;
const SEGMENT_SHIFT = 12;
const SEGMENT_MASK = SEGMENT_LENGTH - 1;
const SEGMENT_LENGTH_FIRST = 16;
const BUCKET_SLOTS_FIRST = 16;
const BUCKET_SLOTS_MAX = 512;
/** At this depth buckets grow instead of splitting: a bound against deliberate collisions. */
const DIRECTORY_DEPTH_MAX = 20;

/** The slots of a bucket that splits. */
const scratch = new Uint32Array(BUCKET_SLOTS_MAX * 2);

/** Slots of 8 bytes, between three eighths and three quarters of them in use. */
const BUCKET_BYTES_PER_TEXT = 16;

/** The part of a segment that never changes once the segment is full. */
export interface TextSegment {
  salts: Uint32Array;
  hashes: Uint32Array;
  /** The end of each text in `bytes`; a text starts at the end of the previous one. */
  ends: Uint32Array;
  bytes: Uint8Array;
}

interface Bucket {
  depth: number;
  /**
   * Two numbers a slot: ordinal plus 1 (0: a free slot) and the text's hash, so that a probe leaves
   * the cache line only for the matching text. The number of slots is a power of two.
   */
  slots: Uint32Array;
  count: number;
}

export class TextIndex {
  readonly segments: TextSegment[] = [];
  #size = 0;
  #depth = 0;
  #directory: Bucket[] = [{ depth: 0, slots: new Uint32Array(BUCKET_SLOTS_FIRST * 2), count: 0 }];

  get size(): number {
    return this.#size;
  }

  /** What the index takes in memory, about. */
  get memoryBytes(): number {
    let bytes = this.#size * BUCKET_BYTES_PER_TEXT;
    for (const { salts, hashes, ends, bytes: texts } of this.segments) {
      bytes += salts.byteLength + hashes.byteLength + ends.byteLength + texts.byteLength;
    }
    return bytes;
  }

  /**
   * The ordinal of the text with this salt, or -1. `seed` goes into the hash, so it must be the
   * same for the same salt.
   */
  find(salt: number, text: string, seed: number): number {
    const hash = textHash(text, seed);
    const { slots } = this.#directory[leadingBits(hash, this.#depth)]!;
    const mask = slots.length - 1;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const ordinal = slots[slot]! - 1;
      if (ordinal < 0) return -1;
      if (slots[slot + 1] !== hash) continue;
      const segment = this.segments[ordinal >>> SEGMENT_SHIFT]!;
      const at = ordinal & SEGMENT_MASK;
      if (segment.salts[at] === salt && equals(segment, at, text)) return ordinal;
    }
  }

  /** Adds a text that `find` does not find; returns its ordinal. The text must be ASCII. */
  add(salt: number, text: string, seed: number): number {
    const ordinal = this.#size;
    const at = ordinal & SEGMENT_MASK;
    if (at === 0) this.segments.push(emptySegment());
    const segment = this.segments[this.segments.length - 1]!;
    if (at === segment.salts.length) growSegment(segment);
    const start = at === 0 ? 0 : segment.ends[at - 1]!;
    const end = start + text.length;
    if (end > segment.bytes.length) growBytes(segment, end);
    for (let i = 0; i < text.length; i++) segment.bytes[start + i] = text.charCodeAt(i);
    const hash = textHash(text, seed);
    segment.salts[at] = salt;
    segment.hashes[at] = hash;
    segment.ends[at] = end;
    this.#size = ordinal + 1;
    this.#insert(hash, ordinal);
    return ordinal;
  }

  /**
   * Adds a segment that another index filled. All earlier segments must be full. The segment has
   * `count` texts in use.
   */
  adopt(segment: TextSegment, count: number): void {
    assert((this.#size & SEGMENT_MASK) === 0, 'a segment can only follow full ones');
    this.segments.push(segment);
    for (let at = 0; at < count; at++) {
      this.#insert(segment.hashes[at]!, this.#size);
      this.#size += 1;
    }
  }

  saltOf(ordinal: number): number {
    return this.segments[ordinal >>> SEGMENT_SHIFT]!.salts[ordinal & SEGMENT_MASK]!;
  }

  textOf(ordinal: number): string {
    const segment = this.segments[ordinal >>> SEGMENT_SHIFT]!;
    const at = ordinal & SEGMENT_MASK;
    const end = segment.ends[at]!;
    let text = '';
    for (let i = at === 0 ? 0 : segment.ends[at - 1]!; i < end; i++)
      text += String.fromCharCode(segment.bytes[i]!);
    return text;
  }

  #insert(hash: number, ordinal: number): void {
    for (;;) {
      const bucket = this.#directory[leadingBits(hash, this.#depth)]!;
      // At most three quarters full, so that probes stay short and always find a free slot.
      const slotCount = bucket.slots.length / 2;
      if ((bucket.count + 1) * 4 <= slotCount * 3) {
        place(bucket.slots, hash, ordinal + 1);
        bucket.count += 1;
        return;
      }
      if (slotCount < BUCKET_SLOTS_MAX || bucket.depth === DIRECTORY_DEPTH_MAX) grow(bucket);
      else this.#split(bucket, hash);
    }
  }

  /** One half stays where it is, so that a split leaves no memory behind. */
  #split(bucket: Bucket, hash: number): void {
    const first = leadingBits(hash, bucket.depth);
    if (bucket.depth === this.#depth) {
      this.#directory = doubled(this.#directory);
      this.#depth += 1;
    }
    bucket.depth += 1;
    const { depth, slots } = bucket;
    const other: Bucket = { depth, slots: new Uint32Array(slots.length), count: 0 };
    const moved = scratch.subarray(0, slots.length);
    moved.set(slots);
    slots.fill(0);
    for (let slot = 0; slot < moved.length; slot += 2) {
      if (moved[slot] === 0) continue;
      const isOther = (leadingBits(moved[slot + 1]!, depth) & 1) === 1;
      place(isOther ? other.slots : slots, moved[slot + 1]!, moved[slot]!);
      if (isOther) other.count += 1;
    }
    bucket.count -= other.count;
    const span = 1 << (this.#depth - depth);
    const start = (first * 2 + 1) * span;
    for (let i = start; i < start + span; i++) this.#directory[i] = other;
  }
}

/**
 * Each bucket twice. A `flatMap` would make an array for each bucket, and take 10 ms for 65,536.
 */
function doubled(directory: readonly Bucket[]): Bucket[] {
  const twice = new Array<Bucket>(directory.length * 2);
  for (let i = 0; i < directory.length; i++) {
    twice[2 * i] = directory[i]!;
    twice[2 * i + 1] = directory[i]!;
  }
  return twice;
}

/**
 * FNV-1a, then the finalizer of MurmurHash3 (Appleby, public domain), so that leading and trailing
 * bits are both well mixed.
 */
export function textHash(text: string, seed: number): number {
  let hash = fnv1a(text, seed);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function leadingBits(hash: number, count: number): number {
  return count === 0 ? 0 : hash >>> (32 - count);
}

/** `value` is the content of the slot: the ordinal plus 1. */
function place(slots: Uint32Array, hash: number, value: number): void {
  const mask = slots.length - 1;
  let slot = (hash << 1) & mask;
  while (slots[slot] !== 0) slot = (slot + 2) & mask;
  slots[slot] = value;
  slots[slot + 1] = hash;
}

function grow(bucket: Bucket): void {
  const { slots } = bucket;
  bucket.slots = new Uint32Array(slots.length * 2);
  for (let slot = 0; slot < slots.length; slot += 2)
    if (slots[slot] !== 0) place(bucket.slots, slots[slot + 1]!, slots[slot]!);
}

function equals(segment: TextSegment, at: number, text: string): boolean {
  const start = at === 0 ? 0 : segment.ends[at - 1]!;
  if (segment.ends[at]! - start !== text.length) return false;
  for (let i = 0; i < text.length; i++)
    if (segment.bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function emptySegment(): TextSegment {
  const length = SEGMENT_LENGTH_FIRST;
  return {
    salts: new Uint32Array(length),
    hashes: new Uint32Array(length),
    ends: new Uint32Array(length),
    bytes: new Uint8Array(length * 16),
  };
}

function growSegment(segment: TextSegment): void {
  const length = Math.min(segment.salts.length * 2, SEGMENT_LENGTH);
  segment.salts = grownUint32(segment.salts, length);
  segment.hashes = grownUint32(segment.hashes, length);
  segment.ends = grownUint32(segment.ends, length);
}

function growBytes(segment: TextSegment, needed: number): void {
  // By half, not double: a full segment keeps the memory of its last growth.
  const bytes = new Uint8Array(Math.max(needed, Math.ceil(segment.bytes.length * 1.5)));
  bytes.set(segment.bytes);
  segment.bytes = bytes;
}

export function grownUint32(array: Uint32Array, length: number): Uint32Array {
  const grown = new Uint32Array(length);
  grown.set(array);
  return grown;
}
