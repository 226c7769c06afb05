// Reads the entries of an archive, and checks what it reads. What is damaged or missing is an error
// that names the segment. The entries of the last few segments are cached, because readers take a
// few entries at a time.

import { decodeSegment, NO_DIGEST, type Segment } from '../formats/archive-segment.ts';
import type { Archive, ArchivedShard } from '../ports/archive.ts';
import { PositionTrimmedError } from '../ports/change-stream.ts';
import { CorruptError, type JournalEntry } from '../ports/journal.ts';

/** Bytes of entries in the cache: those of 16 full segments. */
const CACHED_BYTES_MAX = 16 << 20;

interface SegmentPlace {
  readonly shard: number;
  readonly first: number;
}

export class ArchiveReader {
  readonly archive: Archive;
  /** By `keyOf`, the least recently used first. Segments never change. */
  readonly #segments = new Map<string, Segment>();
  #cachedBytes = 0;
  readonly #loading = new Map<string, Promise<Segment | null>>();
  /** By shard: the segments as they were listed last. */
  readonly #listed = new Map<number, ArchivedShard>();

  constructor(archive: Archive) {
    this.archive = archive;
  }

  /**
   * The entries after `after` of one segment, at most `limit`. Errors: `position-trimmed` if
   * retention removed them; `corrupt` if they are damaged or missing; `store-unavailable`.
   */
  async read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    const sequence = after + 1;
    const listed = this.#listed.get(shard);
    let segment = listed === undefined ? null : await this.#find(shard, sequence, listed);
    segment ??= await this.#find(shard, sequence, await this.list(shard));
    if (segment === null) throw this.#missing(shard, sequence);
    const begin = sequence - segment.header.first;
    return segment.entries.slice(begin, begin + limit);
  }

  /**
   * One segment, checked but for the chain; null where it is not there. Errors: `corrupt`,
   * `store-unavailable`.
   */
  async segment(place: SegmentPlace): Promise<Segment | null> {
    const key = keyOf(place);
    const cached = this.#segments.get(key);
    if (cached !== undefined) {
      this.#segments.delete(key);
      this.#segments.set(key, cached);
      return cached;
    }
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = this.#load(place).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return await loading;
  }

  /** The segments as they are stored now. Errors: `store-unavailable`. */
  async list(shard: number): Promise<ArchivedShard> {
    const listed = await this.archive.list(shard);
    this.#listed.set(shard, listed);
    return listed;
  }

  /**
   * Throws `corrupt` where `segment` does not follow the header before it. Null: it is the first of
   * its shard.
   */
  checkChain({ header }: Segment, before: Segment['header'] | null): void {
    const { shard, first, previous } = header;
    if (before !== null && before.last + 1 !== first) throw this.#missing(shard, before.last + 1);
    if (Buffer.compare(previous, before?.digest ?? NO_DIGEST) === 0) return;
    const where = this.#describe({ shard, first });
    throw new CorruptError(`${where} does not follow the segment before it`);
  }

  /** Null where `listed` has no segment with the entry. */
  async #find(shard: number, sequence: number, listed: ArchivedShard): Promise<Segment | null> {
    const { removed, segments } = listed;
    if (sequence <= removed) {
      throw new PositionTrimmedError(
        `entry ${sequence} of shard ${shard} is gone: the retention of the archive has removed ` +
          `all up to ${removed}`,
      );
    }
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (segments[middle]!.first <= sequence) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return null;
    const segment = await this.segment({ shard, first: segments[low - 1]!.first });
    if (segment === null || segment.header.last < sequence) return null;
    const before = low === 1 ? undefined : this.#cached(shard, segments[low - 2]!.first);
    if (before !== undefined) this.checkChain(segment, before.header);
    return segment;
  }

  #cached(shard: number, first: number): Segment | undefined {
    return this.#segments.get(keyOf({ shard, first }));
  }

  async #load(place: SegmentPlace): Promise<Segment | null> {
    const bytes = await this.archive.read(place.shard, place.first);
    if (bytes === null) return null;
    const segment = await decodeSegment(bytes, { ...place, where: this.#describe(place) });
    this.#segments.set(keyOf(place), segment);
    this.#cachedBytes += segment.header.plainBytes;
    for (const [key, { header }] of this.#segments) {
      if (this.#cachedBytes <= CACHED_BYTES_MAX) break;
      this.#segments.delete(key);
      this.#cachedBytes -= header.plainBytes;
    }
    return segment;
  }

  #describe({ shard, first }: SegmentPlace): string {
    return `segment ${first} of shard ${shard} in the archive ${this.archive.name}`;
  }

  #missing(shard: number, sequence: number): CorruptError {
    return new CorruptError(
      `the archive ${this.archive.name} has no segment with entry ${sequence} of shard ${shard}, ` +
        'which the journal does not have any more',
    );
  }
}

function keyOf({ shard, first }: SegmentPlace): string {
  return `${shard}/${first}`;
}
