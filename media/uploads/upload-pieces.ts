// The bytes of an upload that is not processed yet: blobs that follow on each other, each named by
// the offset of its first byte. A piece is written once, whole, and is there only when it is
// durable, so what is acknowledged survives, wherever the process is killed; and of two writers of
// one offset one is told.

import { Readable } from 'node:stream';
import { assert } from '../../domain/assert.ts';
import type { Blobs, StoredBlob } from '../../storage/ports/blobs.ts';
import { listBlobs } from '../list-blobs.ts';

/**
 * Pieces of one upload. As many as this come to be only where a client sends very little at a time.
 */
export const PIECES_MAX = 8_192;
const UPLOADS = 'uploads/';
const OFFSET_DIGITS = 12;
const PIECE = new RegExp(`^uploads/([a-z0-9_]{1,80})/(\\d{${OFFSET_DIGITS}})$`);
/** Says that the upload was begun, where it has no piece yet. Sorts behind all pieces. */
const BEGUN = 'begun';

export interface UploadState {
  /** Bytes that are durable: from the first one on, without a gap. */
  readonly offset: number;
  readonly pieces: number;
}

/** An upload that has blobs. */
export interface FoundUpload {
  readonly mediaId: string;
  /** The time of its newest blob, in milliseconds since the Unix epoch. */
  readonly writtenAt: number;
}

export class UploadPieces {
  readonly #blobs: Blobs;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** Lets the upload be found before its first piece. Idempotent. Errors: `store-unavailable`. */
  async begin(mediaId: string): Promise<void> {
    const key = `${UPLOADS}${mediaId}/${BEGUN}`;
    try {
      await this.#blobs.put(key, Readable.from([]), { bytesMax: 0 });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'conflict') throw error;
    }
  }

  /** Errors: `store-unavailable`. */
  async state(mediaId: string): Promise<UploadState> {
    let offset = 0;
    let pieces = 0;
    for await (const { key, bytes } of this.#all(mediaId)) {
      if (keyOf(mediaId, offset) !== key) continue;
      offset += bytes;
      pieces += 1;
    }
    return { offset, pieces };
  }

  /**
   * Writes a piece at this offset. What `body` throws is thrown on, and nothing is written. Errors:
   * `conflict` where somebody else wrote there; `too-large`; `store-unavailable`.
   */
  async write(
    mediaId: string,
    offset: number,
    body: AsyncIterable<Uint8Array>,
    bytesMax: number,
  ): Promise<number> {
    const { bytes } = await this.#blobs.put(keyOf(mediaId, offset), body, { bytesMax });
    return bytes;
  }

  /** All bytes, from the first one on. Errors: `store-unavailable`. */
  async *read(mediaId: string): AsyncGenerator<Buffer> {
    let offset = 0;
    for await (const { key, bytes } of this.#all(mediaId)) {
      if (keyOf(mediaId, offset) !== key) continue;
      const found = await this.#blobs.get(key);
      if (found === null) return;
      for await (const chunk of found.body) yield chunk as Buffer;
      offset += bytes;
    }
  }

  /** Idempotent. Errors: `store-unavailable`. */
  async remove(mediaId: string): Promise<void> {
    // From the end, so that what is left of it is an upload, too.
    const keys: string[] = [];
    for await (const { key } of this.#all(mediaId)) keys.push(key);
    for (const key of keys.toReversed()) await this.#blobs.delete(key);
  }

  /** Uploads that have blobs, each once. Errors: `store-unavailable`. */
  async *uploads(): AsyncGenerator<FoundUpload> {
    let last: FoundUpload | null = null;
    for await (const { key, writtenAt } of listBlobs(this.#blobs, UPLOADS)) {
      const mediaId = key.split('/')[1]!;
      if (last !== null && last.mediaId !== mediaId) yield last;
      const newest: number = last?.mediaId === mediaId ? last.writtenAt : 0;
      last = { mediaId, writtenAt: Math.max(newest, writtenAt) };
    }
    if (last !== null) yield last;
  }

  #all(mediaId: string): AsyncGenerator<StoredBlob> {
    return listBlobs(this.#blobs, `${UPLOADS}${mediaId}/`);
  }
}

/** Ids of ours have small letters only, as keys of blobs do. */
function keyOf(mediaId: string, offset: number): string {
  const key = `${UPLOADS}${mediaId}/${String(offset).padStart(OFFSET_DIGITS, '0')}`;
  assert(PIECE.test(key), `${mediaId} names no upload`);
  return key;
}
