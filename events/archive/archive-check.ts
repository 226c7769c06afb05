// What an archive has, shard by shard, and whether it is whole: every segment is read, compared
// with its digest and with the segment before it, and every entry with its checksum. What the
// journal no longer has must be there.

import type { ArchiveReader } from '../../storage/archive/archive-reader.ts';
import type { SegmentHeader } from '../../storage/formats/archive-segment.ts';
import { decodeEntry } from '../../storage/formats/entry.ts';
import { CorruptError, type JournalReader } from '../../storage/ports/journal.ts';

export interface ArchivedShardReport {
  readonly shard: number;
  readonly segments: number;
  readonly bytes: number;
  /** Entries up to here were removed by retention; 0 for none. */
  readonly removed: number;
  /** The last archived entry; 0 for none, and null where the last segment cannot be read. */
  readonly last: number | null;
  /** The journal has the entries behind `trimmed` up to `journalLast`. */
  readonly trimmed: number;
  readonly journalLast: number;
}

export interface ArchiveCheckOptions {
  readonly archive: ArchiveReader;
  /** The journal alone, without the archive. */
  readonly journal: JournalReader;
  readonly shard: number;
}

/** Null for a shard that has nothing. Errors: `store-unavailable`. */
export async function describeShard(
  options: ArchiveCheckOptions,
): Promise<ArchivedShardReport | null> {
  const { archive, journal, shard } = options;
  const [trimmed, { lastSequence }] = await Promise.all([
    journal.trimmed(shard),
    journal.head(shard),
  ]);
  const { removed, segments } = await archive.list(shard);
  if (lastSequence === 0 && segments.length === 0) return null;
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const first = segments.at(-1)?.first;
  let last: number | null = removed;
  if (first !== undefined) last = await lastOf(archive, shard, first);
  const journalLast = lastSequence;
  return { shard, segments: segments.length, bytes, removed, last, trimmed, journalLast };
}

async function lastOf(
  archive: ArchiveReader,
  shard: number,
  first: number,
): Promise<number | null> {
  try {
    return (await archive.segment({ shard, first }))?.header.last ?? null;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/**
 * Reads the whole archive of one shard. One sentence for each thing that is damaged or missing.
 * Errors: `store-unavailable`.
 */
export async function checkShard(options: ArchiveCheckOptions): Promise<string[]> {
  const { archive, journal, shard } = options;
  const trimmed = await journal.trimmed(shard);
  const { removed, segments } = await archive.list(shard);
  const findings: string[] = [];
  let before: SegmentHeader | null = null;
  /** Whether `before` is what the next segment must follow. */
  let isChained = removed === 0;
  /** The entries up to here are accounted for. */
  let last = removed;
  for (const { first } of segments) {
    try {
      if (first > last + 1) throw missing(archive, shard, last + 1, first - 1);
      const segment = await archive.segment({ shard, first });
      if (segment === null) throw missing(archive, shard, first, first);
      if (isChained) archive.checkChain(segment, before);
      for (const { sequence, bytes } of segment.entries) decodeEntry(bytes, shard, sequence);
      before = segment.header;
      last = before.last;
      isChained = true;
    } catch (error) {
      if (!isDamage(error)) throw error;
      findings.push(error.message);
      // What follows is checked by itself: nobody knows what it must follow.
      isChained = false;
      last = (await lastOf(archive, shard, first)) ?? nextFirst(segments, first) - 1;
    }
  }
  if (last < trimmed) findings.push(missing(archive, shard, last + 1, trimmed).message);
  return findings;
}

function nextFirst(segments: readonly { readonly first: number }[], first: number): number {
  return segments.find((segment) => segment.first > first)?.first ?? first + 1;
}

function missing(archive: ArchiveReader, shard: number, from: number, to: number): CorruptError {
  return new CorruptError(
    `the archive ${archive.archive.name} has no segment with entries ${from} to ${to} of shard ` +
      `${shard}`,
  );
}

function isDamage(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return code === 'corrupt' || code === 'newer-format';
}
