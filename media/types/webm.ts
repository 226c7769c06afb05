// WebM: its EBML elements (RFC 8794, RFC 9559). Segments and clusters may be of unknown length, as
// browsers record them; such a cluster ends where an element of the segment's own level begins.

import type { ByteReader } from './byte-source.ts';
import type { PixelSize } from './media-types.ts';
import { type Broken, broken, CUT_OFF, type MetadataBlock, type Walk, WalkBudget } from './walk.ts';

const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackType: 0x83,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  cluster: 0x1f43b675,
  cues: 0x1c53bb6b,
  seekHead: 0x114d9b74,
  chapters: 0x1043a770,
  tags: 0x1254c367,
  attachments: 0x1941a469,
} as const;

const OF_SEGMENT: ReadonlySet<number> = new Set([
  ID.info,
  ID.tracks,
  ID.cluster,
  ID.cues,
  ID.seekHead,
  ID.chapters,
  ID.tags,
  ID.attachments,
]);
/** What tells more than the film itself. */
const TELLING: ReadonlySet<number> = new Set([ID.tags, ID.attachments]);
const VIDEO_TRACK = 1;
/** In nanoseconds, where a file does not say. */
const TIMESTAMP_SCALE = 1_000_000;
const NUMBER_BYTES_MAX = 8;
const VOID = 0xec;

interface Element {
  readonly id: number;
  readonly offset: number;
  readonly content: number;
  /** Null where its length is unknown. */
  readonly end: number | null;
}

export const walkWebm: Walk = async (reader) => {
  const budget = new WalkBudget(reader.bytes);
  const header = await elementAt(reader, 0, reader.bytes);
  if (!isElement(header)) return header;
  if (header.id !== ID.ebml || header.end === null) return broken('It has no header.');
  const docType = await childrenOf(reader, budget, header.content, header.end);
  if (!Array.isArray(docType)) return docType;
  const named = docType.find(({ id }) => id === ID.docType);
  if (named === undefined || (await textOf(reader, named)) !== 'webm')
    return broken('It is not WebM.');
  const segment = await elementAt(reader, header.end, reader.bytes);
  if (!isElement(segment)) return segment;
  if (segment.id !== ID.segment) return broken('There is no video in it.');
  const end = segment.end ?? reader.bytes;
  let size: PixelSize | null = null;
  let durationMs: number | null = null;
  let clusters = 0;
  let at = segment.content;
  while (at < end) {
    const element = await elementAt(reader, at, end);
    if (!isElement(element)) return element;
    if (element.end === null && element.id !== ID.cluster) return broken('An element is wrong.');
    if (element.id === ID.cluster) clusters += 1;
    const tooMany =
      budget.part() ?? (TELLING.has(element.id) ? budget.blank([blankOf(element)]) : null);
    if (tooMany !== null) return tooMany;
    if (element.id === ID.tracks) {
      const found = await pictureOf(reader, budget, element);
      if (found !== null && 'ok' in found) return found;
      size ??= found;
    }
    if (element.id === ID.info) durationMs ??= await durationOf(reader, budget, element);
    const next = element.end ?? (await endOfCluster(reader, budget, element.content, end));
    if (typeof next !== 'number') return next;
    at = next;
  }
  if (size === null || clusters === 0) return broken('There is no video in it.');
  return { ok: true, end, size, durationMs, metadata: budget.metadata };
};

async function pictureOf(
  reader: ByteReader,
  budget: WalkBudget,
  tracks: Element,
): Promise<PixelSize | Broken | null> {
  const entries = await childrenOf(reader, budget, tracks.content, tracks.end!);
  if (!Array.isArray(entries)) return entries;
  for (const entry of entries.filter(({ id }) => id === ID.trackEntry)) {
    const fields = await childrenOf(reader, budget, entry.content, entry.end);
    if (!Array.isArray(fields)) return fields;
    const type = fields.find(({ id }) => id === ID.trackType);
    const video = fields.find(({ id }) => id === ID.video);
    if (video === undefined || type === undefined) continue;
    if ((await numberOf(reader, type)) !== VIDEO_TRACK) continue;
    const sides = await childrenOf(reader, budget, video.content, video.end);
    if (!Array.isArray(sides)) return sides;
    const side = async (wanted: number) => {
      const found = sides.find(({ id }) => id === wanted);
      return found === undefined ? 0 : await numberOf(reader, found);
    };
    return { width: await side(ID.pixelWidth), height: await side(ID.pixelHeight) };
  }
  return null;
}

async function durationOf(
  reader: ByteReader,
  budget: WalkBudget,
  info: Element,
): Promise<number | null> {
  const fields = await childrenOf(reader, budget, info.content, info.end!);
  if (!Array.isArray(fields)) return null;
  const duration = fields.find(({ id }) => id === ID.duration);
  const scale = fields.find(({ id }) => id === ID.timestampScale);
  if (duration === undefined) return null;
  const bytes = await reader.take(duration.content, duration.end - duration.content);
  const nanoseconds = scale === undefined ? TIMESTAMP_SCALE : await numberOf(reader, scale);
  const ticks =
    bytes?.length === 4 ? bytes.readFloatBE(0) : bytes?.length === 8 ? bytes.readDoubleBE(0) : NaN;
  const ms = Math.round((ticks * nanoseconds) / 1e6);
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : null;
}

async function endOfCluster(
  reader: ByteReader,
  budget: WalkBudget,
  start: number,
  end: number,
): Promise<number | Broken> {
  let at = start;
  while (at < end) {
    const element = await elementAt(reader, at, end);
    if (!isElement(element)) return element;
    if (OF_SEGMENT.has(element.id)) return at;
    if (element.end === null) return broken('An element is wrong.');
    const tooMany = budget.block();
    if (tooMany !== null) return tooMany;
    at = element.end;
  }
  return end;
}

/** A Void element of the same length. */
function blankOf({ offset, content, end }: Element): MetadataBlock {
  const header = Buffer.alloc(content - offset);
  header[0] = VOID;
  // The ID is three bytes shorter, so the length is written in three more, as far as they go.
  const lengthBytes = Math.min(header.length - 1, NUMBER_BYTES_MAX);
  const bytes = end! - offset;
  let left = BigInt(bytes - 1 - lengthBytes) | (1n << BigInt(7 * lengthBytes));
  for (let i = lengthBytes; i >= 1; i--) {
    header[i] = Number(left & 0xffn);
    left >>= 8n;
  }
  return { offset, header, bytes };
}

/** Children that fill a range without a gap, of known lengths. */
async function childrenOf(
  reader: ByteReader,
  budget: WalkBudget,
  start: number,
  end: number,
): Promise<(Element & { readonly end: number })[] | Broken> {
  const children: (Element & { readonly end: number })[] = [];
  let at = start;
  while (at < end) {
    const element = await elementAt(reader, at, end);
    if (!isElement(element)) return element;
    if (element.end === null) return broken('An element is wrong.');
    const tooMany = budget.part();
    if (tooMany !== null) return tooMany;
    children.push({ ...element, end: element.end });
    at = element.end;
  }
  return children;
}

async function elementAt(
  reader: ByteReader,
  offset: number,
  end: number,
): Promise<Element | Broken> {
  const first = await reader.take(offset, 1);
  if (first === null) return CUT_OFF;
  const idBytes = Math.clz32(first[0]!) - 23;
  if (idBytes > 4) return broken('An element is wrong.');
  const id = await reader.take(offset, idBytes);
  if (id === null) return CUT_OFF;
  const idNumber = id.readUIntBE(0, idBytes);
  const lengthFirst = await reader.take(offset + idBytes, 1);
  if (lengthFirst === null) return CUT_OFF;
  const lengthBytes = Math.clz32(lengthFirst[0]!) - 23;
  if (lengthBytes > NUMBER_BYTES_MAX) return broken('An element is wrong.');
  const length = await reader.take(offset + idBytes, lengthBytes);
  if (length === null) return CUT_OFF;
  let value = BigInt(length[0]! & (0xff >> lengthBytes));
  for (const byte of length.subarray(1)) value = (value << 8n) | BigInt(byte);
  const content = offset + idBytes + lengthBytes;
  const isUnknown = value === (1n << BigInt(7 * lengthBytes)) - 1n;
  if (isUnknown) return { id: idNumber, offset, content, end: null };
  if (BigInt(content) + value > BigInt(end)) return CUT_OFF;
  return { id: idNumber, offset, content, end: content + Number(value) };
}

function isElement(found: Element | Broken): found is Element {
  return 'id' in found;
}

async function numberOf(reader: ByteReader, { content, end }: Element): Promise<number> {
  const bytes = await reader.take(content, end! - content);
  if (bytes === null || bytes.length === 0 || bytes.length > NUMBER_BYTES_MAX) return 0;
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

async function textOf(reader: ByteReader, { content, end }: Element): Promise<string> {
  const bytes = await reader.take(content, Math.min(end! - content, 64));
  // Strings may be padded with zeros.
  return bytes?.toString('latin1').replace(/\0+$/, '') ?? '';
}
