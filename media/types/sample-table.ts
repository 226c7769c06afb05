// Where the samples of an MP4's track are (ISO/IEC 14496-12, section 8.7): sizes of samples, how
// many there are in each chunk, and where the chunks begin. Read for tracks of metadata, as action
// cameras record positions, whose samples are blanked.

import type { ByteReader } from './byte-source.ts';

/** Of one table. */
const ENTRIES_MAX = 1_000_000;
const ENTRIES_PER_READ = 4_096;

export interface SampleRange {
  readonly offset: number;
  readonly bytes: number;
}

export interface TableBox {
  readonly type: string;
  readonly content: number;
  readonly end: number;
}

interface Run {
  /** Counted from 1. */
  readonly firstChunk: number;
  readonly samplesPerChunk: number;
}

/**
 * The bytes of each chunk of the track; null where a table is missing or is not right. Together
 * they are no more than the file.
 */
export async function chunksOf(
  reader: ByteReader,
  tables: readonly TableBox[],
): Promise<readonly SampleRange[] | null> {
  const offsets = await chunkOffsets(reader, tables);
  const sizes = await sampleSizes(reader, tables);
  const runs = await runsOf(reader, tables);
  if (offsets === null || sizes === null || runs === null) return null;
  const chunks: SampleRange[] = [];
  let sample = 0;
  let run = -1;
  let bytesLeft = reader.bytes;
  for (const [i, offset] of offsets.entries()) {
    while (run + 1 < runs.length && runs[run + 1]!.firstChunk <= i + 1) run += 1;
    const count = runs[run]?.samplesPerChunk;
    if (count === undefined || sample + count > sizes.count) return null;
    let bytes = 0;
    if (typeof sizes.of === 'number') bytes = sizes.of * count;
    else for (const size of sizes.of.slice(sample, sample + count)) bytes += size;
    sample += count;
    bytesLeft -= bytes;
    if (offset + bytes > reader.bytes || bytesLeft < 0) return null;
    chunks.push({ offset, bytes });
  }
  return sample === sizes.count ? chunks : null;
}

async function chunkOffsets(
  reader: ByteReader,
  tables: readonly TableBox[],
): Promise<number[] | null> {
  const short = await tableOf(reader, tables, 'stco', 4, 4);
  if (short !== null) return short.map((entry) => entry.readUInt32BE(0));
  const long = await tableOf(reader, tables, 'co64', 4, 8);
  return long?.map((entry) => Number(entry.readBigUInt64BE(0))) ?? null;
}

/** One size for all samples, or the size of each. */
async function sampleSizes(
  reader: ByteReader,
  tables: readonly TableBox[],
): Promise<{ count: number; of: number | number[] } | null> {
  const box = tables.find(({ type }) => type === 'stsz');
  const head = box === undefined ? null : await reader.take(box.content, 12);
  if (box === undefined || head === null || box.end - box.content < 12) return null;
  const [size, count] = [head.readUInt32BE(4), head.readUInt32BE(8)];
  if (size !== 0) return { count, of: size };
  const sizes = await tableOf(reader, tables, 'stsz', 8, 4);
  return sizes === null ? null : { count, of: sizes.map((entry) => entry.readUInt32BE(0)) };
}

async function runsOf(reader: ByteReader, tables: readonly TableBox[]): Promise<Run[] | null> {
  const runs = await tableOf(reader, tables, 'stsc', 4, 12);
  if (runs === null) return null;
  return runs.map((entry) => ({
    firstChunk: entry.readUInt32BE(0),
    samplesPerChunk: entry.readUInt32BE(4),
  }));
}

/** Entries of one length, behind their count at `countAt`. Null where there is no such table. */
async function tableOf(
  reader: ByteReader,
  tables: readonly TableBox[],
  wanted: string,
  countAt: number,
  entryBytes: number,
): Promise<Buffer[] | null> {
  const box = tables.find(({ type }) => type === wanted);
  if (box === undefined) return null;
  const head = await reader.take(box.content + countAt, 4);
  const first = box.content + countAt + 4;
  const count = head?.readUInt32BE(0) ?? 0;
  if (head === null || count > ENTRIES_MAX || first + count * entryBytes > box.end) return null;
  const entries: Buffer[] = [];
  while (entries.length < count) {
    const some = Math.min(ENTRIES_PER_READ, count - entries.length);
    const read = await reader.take(first + entries.length * entryBytes, some * entryBytes);
    if (read === null) return null;
    const copied = Buffer.from(read);
    for (let i = 0; i < some; i++)
      entries.push(copied.subarray(i * entryBytes, (i + 1) * entryBytes));
  }
  return entries;
}
