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

/** Elements or boxes of one file, on all levels together: films of hours have fewer. */
const PARTS_MAX = 1_000_000;
/** Of recorded frames and sounds, which are passed over and not kept: some 30 hours. */
const BLOCKS_MAX = 10_000_000;
const METADATA_MAX = 100_000;

/** What a file may still take of a walk through it. */
export class WalkBudget {
  readonly metadata: MetadataBlock[] = [];
  #partsLeft = PARTS_MAX;
  #blocksLeft = BLOCKS_MAX;
  #bytesLeft: number;

  /** `bytes`: of the file, so the most that is blanked in it. */
  constructor(bytes: number) {
    this.#bytesLeft = bytes;
  }

  /** Null where one more element or box is within the budget. */
  part(): Broken | null {
    this.#partsLeft -= 1;
    return this.#partsLeft < 0 ? broken('It has too many parts.') : null;
  }

  /** Null where one more block of a recording is within the budget. */
  block(): Broken | null {
    this.#blocksLeft -= 1;
    return this.#blocksLeft < 0 ? broken('It has too many parts.') : null;
  }

  /** Adds blocks that are to be blanked. Null where they are within the budget. */
  blank(blocks: readonly MetadataBlock[]): Broken | null {
    for (const block of blocks) {
      this.#bytesLeft -= block.bytes;
      if (this.#bytesLeft < 0) return broken('Its metadata are longer than the file.');
      if (this.metadata.length >= METADATA_MAX) return broken('It has too many metadata.');
      this.metadata.push(block);
    }
    return null;
  }
}

export type Walk = (reader: ByteReader) => Promise<Walked | Broken>;

export function broken(why: string): Broken {
  return { ok: false, why };
}

export const CUT_OFF: Broken = { ok: false, why: 'It ends before its end.' };

export function walkedPicture(end: number, size: PixelSize | null): Walked {
  return { ok: true, end, size, durationMs: null, metadata: [] };
}
