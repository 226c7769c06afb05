// Finds out what an uploaded file is, from its bytes alone: which of the types that are taken, that
// it is built as that type is from its first byte to its last, and that it is nothing else besides.
// Pixels are decoded later, in a process of its own (media/variants/).

import { fileTypeFromBuffer } from 'file-type';
import { ByteReader, type ByteSource } from './byte-source.ts';
import { walkGif } from './gif.ts';
import { walkAvif, walkMp4 } from './isobmff.ts';
import { walkJpeg } from './jpeg.ts';
import {
  MEDIA_TYPES,
  type MediaRefusal,
  type MediaType,
  type PixelSize,
  refusalOfSize,
  refuse,
} from './media-types.ts';
import { walkPng } from './png.ts';
import { secondTypeOf } from './second-type.ts';
import type { MetadataBlock, Walk } from './walk.ts';
import { walkWebm } from './webm.ts';
import { walkWebp } from './webp.ts';

const HEAD_BYTES = 4_100;

const WALKS: Readonly<Record<MediaType, Walk>> = {
  'image/jpeg': walkJpeg,
  'image/png': walkPng,
  'image/webp': walkWebp,
  'image/gif': walkGif,
  'image/avif': walkAvif,
  'video/mp4': walkMp4,
  'video/webm': walkWebm,
};

export interface RecognisedMedia {
  readonly ok: true;
  readonly type: MediaType;
  /** As stored, before any rotation; null where only a decoder can tell (AVIF). */
  readonly size: PixelSize | null;
  readonly durationMs: number | null;
  /** Of videos: what `blankMetadata` in media/variants/video-metadata.ts blanks. */
  readonly metadata: readonly MetadataBlock[];
}

/** Reads the file through once, at most. Rejects only where `source` does. */
export async function recognise(source: ByteSource): Promise<RecognisedMedia | MediaRefusal> {
  const reader = new ByteReader(source);
  const head = await reader.take(0, Math.min(HEAD_BYTES, reader.bytes));
  const found = head === null ? undefined : await typeOf(Buffer.from(head));
  const type = mediaTypeOf(found, head);
  if (type === null) {
    const taken = Object.values(MEDIA_TYPES).map(({ extension }) => extension.toUpperCase());
    const list = `${taken.slice(0, -1).join(', ')} and ${taken.at(-1)} are taken.`;
    return refuse('type', `It is ${found ?? 'of no known type'}; ${list}`);
  }
  const walked = await WALKS[type](reader);
  if (!walked.ok) return refuse('broken', walked.why);
  const { size, durationMs, metadata } = walked;
  const second = await secondTypeOf(reader, type, walked.end);
  if (second !== null) return refuse('polyglot', second);
  const tooLarge = size === null ? null : refusalOfSize(type, size);
  return tooLarge ?? { ok: true, type, size, durationMs, metadata };
}

async function typeOf(head: Buffer): Promise<string | undefined> {
  // It throws where it wants to read on behind the head, so for none of our types.
  return await fileTypeFromBuffer(head).then(
    (found) => found?.mime,
    () => undefined,
  );
}

function mediaTypeOf(found: string | undefined, head: Buffer | null): MediaType | null {
  if (found !== undefined && Object.hasOwn(MEDIA_TYPES, found)) return found as MediaType;
  // An animated PNG is a PNG; its first frame is what others show.
  if (found === 'image/apng') return 'image/png';
  // A picture in an HEIF container that says, behind its first brand, that it is AVIF.
  return found === 'image/heif' && head !== null && hasBrand(head, 'avif') ? 'image/avif' : null;
}

function hasBrand(head: Buffer, brand: string): boolean {
  const end = Math.min(head.readUInt32BE(0), head.length - 3);
  for (let at = 16; at < end; at += 4)
    if (head.toString('latin1', at, at + 4) === brand) return true;
  return false;
}
