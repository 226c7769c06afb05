// ISO base media files (ISO/IEC 14496-12), so AVIF and MP4: boxes from the first byte to the last.
// Of an MP4 the tracks are read as well: how large the picture is, how long it lasts, and which
// boxes tell where and with what it was recorded.

import type { ByteReader } from './byte-source.ts';
import type { PixelSize } from './media-types.ts';
import { chunksOf } from './sample-table.ts';
import {
  type Broken,
  broken,
  CUT_OFF,
  type MetadataBlock,
  type Walk,
  WalkBudget,
  type Walked,
  walkedPicture,
} from './walk.ts';

interface Box {
  readonly type: string;
  readonly offset: number;
  /** Where its content begins. */
  readonly content: number;
  readonly end: number;
}

/** A box's name is four printable characters; QuickTime's begin with a copyright sign too. */
const NAME = /^[\x20-\x7e\xa9][\x20-\x7e]{3}$/;
/** User data and metadata: QuickTime's location, XMP, the device, cover pictures. */
const TELLING = new Set(['udta', 'meta', 'uuid']);
const MOVIE_HEADER_BYTES = 32;

export const walkAvif: Walk = async (reader) => {
  const budget = new WalkBudget(reader.bytes);
  const boxes = await boxesOf(reader, budget, 0, reader.bytes);
  if (!Array.isArray(boxes)) return boxes;
  if (boxes[0]?.type !== 'ftyp') return broken('It does not begin with its type.');
  if (!boxes.some(({ type }) => type === 'meta')) return broken('There is no picture in it.');
  return walkedPicture(reader.bytes, null);
};

export const walkMp4: Walk = async (reader) => {
  const budget = new WalkBudget(reader.bytes);
  const boxes = await boxesOf(reader, budget, 0, reader.bytes);
  if (!Array.isArray(boxes)) return boxes;
  if (boxes[0]?.type !== 'ftyp') return broken('It does not begin with its type.');
  const movie = boxes.find(({ type }) => type === 'moov');
  if (movie === undefined || !boxes.some(({ type }) => type === 'mdat'))
    return broken('There is no video in it.');
  const inMovie = await boxesOf(reader, budget, movie.content, movie.end);
  if (!Array.isArray(inMovie)) return inMovie;
  const tooMany =
    (await blankTelling(reader, budget, boxes)) ?? (await blankTelling(reader, budget, inMovie));
  if (tooMany !== null) return tooMany;
  let size: PixelSize | null = null;
  let durationMs: number | null = null;
  for (const box of inMovie) {
    if (box.type === 'mvhd') durationMs = await durationOf(reader, box);
    if (box.type !== 'trak') continue;
    const track = await trackOf(reader, budget, box);
    if (!track.ok) return track;
    if (track.size !== null) size ??= track.size;
  }
  if (size === null) return broken('There is no video in it.');
  const { metadata } = budget;
  return { ok: true, end: reader.bytes, size, durationMs, metadata } satisfies Walked;
};

interface Track {
  readonly ok: true;
  /** Of a track with pictures, else null. */
  readonly size: PixelSize | null;
}

async function trackOf(reader: ByteReader, budget: WalkBudget, box: Box): Promise<Track | Broken> {
  const boxes = await boxesOf(reader, budget, box.content, box.end);
  if (!Array.isArray(boxes)) return boxes;
  const header = boxes.find(({ type }) => type === 'tkhd');
  const media = boxes.find(({ type }) => type === 'mdia');
  if (header === undefined || media === undefined) return broken('A track is not complete.');
  const inMedia = await boxesOf(reader, budget, media.content, media.end);
  if (!Array.isArray(inMedia)) return inMedia;
  const tooMany =
    (await blankTelling(reader, budget, boxes)) ?? (await blankTelling(reader, budget, inMedia));
  if (tooMany !== null) return tooMany;
  const handler = inMedia.find(({ type }) => type === 'hdlr');
  const kind = handler === undefined ? null : await reader.take(handler.content + 8, 4);
  if (kind === null) return broken('A track is not complete.');
  const name = kind.toString('latin1');
  if (name === 'meta') {
    const samples = await samplesOf(reader, budget, inMedia);
    if (samples === null) return broken('A track of metadata is not complete.');
    const tooLong = budget.blank([...samples, await blankOf(reader, box)]);
    if (tooLong !== null) return tooLong;
  }
  if (name !== 'vide') return { ok: true, size: null };
  // Width and height are the header's last fields, in 16.16.
  const sides = await reader.take(header.end - 8, 8);
  if (sides === null || header.end - header.content < 8) return CUT_OFF;
  const size = { width: sides.readUInt32BE(0) >>> 16, height: sides.readUInt32BE(4) >>> 16 };
  return { ok: true, size };
}

/** A track of metadata has positions, second by second. */
async function samplesOf(
  reader: ByteReader,
  budget: WalkBudget,
  inMedia: readonly Box[],
): Promise<MetadataBlock[] | null> {
  const within = async (boxes: readonly Box[], wanted: string) => {
    const found = boxes.find(({ type }) => type === wanted);
    const inside =
      found === undefined ? null : await boxesOf(reader, budget, found.content, found.end);
    return Array.isArray(inside) ? inside : [];
  };
  const tables = await within(await within(inMedia, 'minf'), 'stbl');
  const chunks = await chunksOf(reader, tables);
  return chunks?.map((chunk) => ({ ...chunk, header: Buffer.alloc(0) })) ?? null;
}

async function durationOf(reader: ByteReader, box: Box): Promise<number | null> {
  const bytes = await reader.take(box.content, Math.min(MOVIE_HEADER_BYTES, box.end - box.content));
  if (bytes === null || bytes.length < MOVIE_HEADER_BYTES) return null;
  const isLong = bytes[0] === 1;
  const scale = bytes.readUInt32BE(isLong ? 20 : 12);
  const duration = isLong ? Number(bytes.readBigUInt64BE(24)) : bytes.readUInt32BE(16);
  // Fragmented files have 0 here, and all ones stand for an unknown length.
  if (scale === 0 || duration === 0 || duration >= (isLong ? 2 ** 63 : 2 ** 32 - 1)) return null;
  return Math.round((duration / scale) * 1000);
}

async function blankTelling(
  reader: ByteReader,
  budget: WalkBudget,
  boxes: readonly Box[],
): Promise<Broken | null> {
  for (const box of boxes) {
    const tooMany = TELLING.has(box.type) ? budget.blank([await blankOf(reader, box)]) : null;
    if (tooMany !== null) return tooMany;
  }
  return null;
}

/** The box as a `free` one of the same length, so that no offset in the file changes. */
async function blankOf(reader: ByteReader, box: Box): Promise<MetadataBlock> {
  const length = box.type === 'uuid' ? 8 : box.content - box.offset;
  const header = Buffer.from((await reader.take(box.offset, length))!);
  header.write('free', 4, 'latin1');
  return { offset: box.offset, header, bytes: box.end - box.offset };
}

/** The boxes that fill a range without a gap. */
async function boxesOf(
  reader: ByteReader,
  budget: WalkBudget,
  start: number,
  end: number,
): Promise<Box[] | Broken> {
  const boxes: Box[] = [];
  let at = start;
  while (at < end) {
    const head = await reader.take(at, 8);
    if (head === null) return CUT_OFF;
    let size = head.readUInt32BE(0);
    const type = head.toString('latin1', 4, 8);
    if (!NAME.test(type)) return broken('A box is wrong.');
    let content = at + 8;
    if (size === 1) {
      const large = await reader.take(at + 8, 8);
      if (large === null) return CUT_OFF;
      size = Number(large.readBigUInt64BE(0));
      content = at + 16;
    } else if (size === 0) {
      size = end - at;
    }
    if (at + size < content) return broken('A box is shorter than its header.');
    if (at + size > end) return CUT_OFF;
    const tooMany = budget.part();
    if (tooMany !== null) return tooMany;
    boxes.push({ type, offset: at, content, end: at + size });
    at += size;
  }
  return boxes;
}
