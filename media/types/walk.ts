// What walking through a file's own structure finds out. Each type has its walk; all of them read
// no more than the structure needs, and none decodes a pixel.

import type { ByteReader } from './byte-source.ts';
import type { PixelSize } from './media-types.ts';

export interface Walked {
  readonly ok: true;
  /** Where the file of this type ends: what comes behind is not part of it. */
  readonly end: number;
  /** In pixels, as stored: before any rotation. Null where only a decoder can tell. */
  readonly size: PixelSize | null;
  /** Milliseconds; null for pictures, and where a video does not tell. */
  readonly durationMs: number | null;
  /** What tells more than the media itself: where it was taken, with which device. */
  readonly metadata: readonly MetadataBlock[];
}

/** A part of a video that can be blanked without moving anything else. */
export interface MetadataBlock {
  readonly offset: number;
  /** What stands there instead; the rest of `bytes` becomes zeros. */
  readonly header: Buffer;
  readonly bytes: number;
}

export interface Broken {
  readonly ok: false;
  /** One sentence. */
  readonly why: string;
}

export type Walk = (reader: ByteReader) => Promise<Walked | Broken>;

export function broken(why: string): Broken {
  return { ok: false, why };
}

export const CUT_OFF: Broken = { ok: false, why: 'It ends before its end.' };

export function walkedPicture(end: number, size: PixelSize | null): Walked {
  return { ok: true, end, size, durationMs: null, metadata: [] };
}
