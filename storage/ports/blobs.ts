// The port of blobs: bytes under a name, such as pieces of uploads, originals and their variants. A
// blob is written once, whole, and never changes; it can only be deleted. So whoever has read a
// part of one gets the rest of the same bytes later. The port knows no format. Bytes flow through
// in chunks: memory does not grow with a blob.

import type { Readable } from 'node:stream';

/**
 * 1 to 4 parts with `/` between, of small letters, digits, `.`, `_`, `-`; none begins with `.`. No
 * blob may have the name of others' folder: `a` and `a/b` cannot both be.
 */
export const BLOB_KEY = /^[a-z0-9_-][a-z0-9._-]{0,127}(?:\/[a-z0-9_-][a-z0-9._-]{0,127}){0,3}$/;
/** Blobs in a page of `list`. */
export const BLOBS_PER_PAGE = 1_000;

/** The bytes are more than the caller allows. Nothing was stored. */
export class BlobTooLargeError extends Error {
  readonly code = 'too-large';
}

export interface PutBlob {
  /** A media type. A bucket sends it with presigned downloads; a folder does not keep it. */
  readonly type?: string;
  /** More bytes than this are an error. */
  readonly bytesMax: number;
}

/** A blob that is in memory. */
export interface SmallBlob {
  readonly key: string;
  readonly bytes: Uint8Array;
}

export interface WrittenBlob {
  readonly bytes: number;
  /** Of the bytes, 64 hexadecimal digits in small letters. */
  readonly sha256: string;
}

export interface StoredBlob {
  readonly key: string;
  readonly bytes: number;
  /** When it was written, in milliseconds since the Unix epoch, by the clock of the store. */
  readonly writtenAt: number;
}

/** Positions of bytes, both included, the first being 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface ReadBlob {
  /** Of the whole blob, also where a range of it is read. */
  readonly bytes: number;
  /**
   * What was asked for. It must be read to its end or destroyed. It fails with `store-unavailable`
   * where the rest cannot be read.
   */
  readonly body: Readable;
}

/** Throws a `RangeError` unless the range is within a blob of that many bytes. */
export function checkRange(key: string, bytes: number, range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { first, last } = range;
  if (!(first >= 0 && first <= last && last < bytes))
    throw new RangeError(`${key} has ${bytes} bytes, not those from ${first} to ${last}`);
}

export interface Blobs {
  /** Names the place in messages, such as the path of its folder; without secrets. */
  readonly name: string;

  /**
   * Reads `body` to its end, stores it under the key in one atomic step, and resolves when it is
   * durable. What `body` throws is thrown on, and nothing is stored. Errors: `conflict` where the
   * key is taken, whatever the bytes; `too-large`; `store-unavailable`: whether it was stored is
   * unknown. Of two writers of one key at the same time one gets `conflict`, except in a bucket
   * that does not know conditional writes: there the last one stays.
   */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutBlob): Promise<WrittenBlob>;

  /**
   * Stores each of these under its key as `put` does, at a fraction of the cost for small ones, and
   * resolves when they are durable: to the keys that were taken, whatever the bytes, which stay as
   * they are. They are few, since all may be open at once. It may block the thread meanwhile, so
   * it is for threads that serve nobody. Errors: `store-unavailable`: any of them may be stored.
   */
  putSmall(blobs: readonly SmallBlob[]): Promise<readonly string[]>;

  /**
   * The blob, or the given bytes of it; null where there is none. Errors: `RangeError` for a range
   * that is not within the blob; `store-unavailable`.
   */
  get(key: string, range?: ByteRange): Promise<ReadBlob | null>;

  /** Null where there is none. Errors: `store-unavailable`. */
  head(key: string): Promise<StoredBlob | null>;

  /** Idempotent. Errors: `store-unavailable`. */
  delete(key: string): Promise<void>;

  /**
   * A page of at most `BLOBS_PER_PAGE` blobs whose keys begin with `prefix` and come behind
   * `after`, in the order of their keys by code unit; an empty page is the end. `prefix` is empty
   * or ends with `/`. Errors: `store-unavailable`.
   */
  list(prefix: string, after?: string): Promise<readonly StoredBlob[]>;

  /**
   * Removes what writers left that ended without finishing, and began before that time
   * (milliseconds since the Unix epoch). Errors: `store-unavailable`.
   */
  removeUnfinished(before: number): Promise<void>;

  /**
   * A URL where anybody can read the blob for that many seconds (at most 7 days), or null where the
   * place has none and the caller must stream. It does not ask whether the blob is there.
   */
  presignedUrl(key: string, seconds: number): Promise<string | null>;
}
