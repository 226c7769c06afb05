// Moves old entries of each journal into the archive, then trims the journal (J8). For one shard,
// in this order: find how far it may go; write the entries as segments; read each segment back and
// compare it; verify the snapshot; trim. Each step begins from what is stored, so after a crash
// between two steps the next pass finishes the work, and an entry is always in the journal, in the
// archive, or in both.
//
// How far it may go is the least of: the newest snapshot, the position of every consumer, and the
// journal's end less the entries that stay. The last archived entry stays in the journal as well.
// So a pass notices an archive of another history, such as after a journal was put back from a
// copy.

import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import { turnOfOthers } from '../../actors/shard/recovery.ts';
import type { ArchiveReader } from '../../storage/archive/archive-reader.ts';
import {
  encodeSegment,
  NO_DIGEST,
  type Segment,
  SEGMENT_BYTES_MAX,
  SEGMENT_ENTRIES_MAX,
  type SegmentHeader,
} from '../../storage/formats/archive-segment.ts';
import { decodeEntry } from '../../storage/formats/entry.ts';
import {
  CorruptError,
  type JournalEntry,
  type JournalReader,
} from '../../storage/ports/journal.ts';
import type { SnapshotHeads } from '../../storage/ports/snapshots.ts';
import type { JournalKeeper } from './journal-keeper.ts';
import { SnapshotCheck } from './snapshot-check.ts';

const READ_ENTRIES_FIRST = 16;
const READ_ENTRIES_MAX = 256;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The archive or the journal is not the one that belongs to the other. Nothing was changed. */
class ArchiveMismatchError extends Error {
  readonly code = 'archive-mismatch';
}

export interface ArchiverOptions {
  /** The journal alone, without the archive. */
  readonly journal: JournalReader;
  readonly snapshots: SnapshotHeads;
  readonly archive: ArchiveReader;
  readonly keeper: JournalKeeper;
  readonly shardCount: number;
  /** The newest entries of each shard that stay in the journal; at least 1. */
  readonly journalEntriesMin: number;
  /** Segments whose newest entry is older are removed. Null: none are. */
  readonly retentionDays: number | null;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Archiver {
  readonly #options: ArchiverOptions;
  /** By shard: segments up to this sequence were read back and compared by this process. */
  readonly #verified = new Map<number, number>();

  readonly #snapshotCheck: SnapshotCheck;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#snapshotCheck = new SnapshotCheck(options.snapshots);
  }

  /**
   * One pass over all shards. A shard that fails is logged, and the others go on. `isAllowed` is
   * asked before each shard; the pass ends where it answers false.
   */
  async pass(isAllowed: () => Promise<boolean>): Promise<void> {
    const { shardCount, log } = this.#options;
    for (let shard = 0; shard < shardCount && (await isAllowed()); shard++) {
      try {
        await this.archiveShard(shard);
      } catch (error) {
        if ((error as { code?: unknown }).code === 'conflict')
          log.info({ err: error, shard }, 'another process archives a shard');
        else log.error({ err: error, shard }, 'a shard could not be archived');
      }
    }
  }

  /** Removes the segments of all shards that are past retention. Logs as `pass` does. */
  async expire(isAllowed: () => Promise<boolean>): Promise<void> {
    const { shardCount, retentionDays, log } = this.#options;
    if (retentionDays === null) return;
    for (let shard = 0; shard < shardCount && (await isAllowed()); shard++) {
      try {
        await this.#expireShard(shard, retentionDays);
      } catch (error) {
        log.error({ err: error, shard }, 'old segments of a shard could not be removed');
      }
    }
  }

  /**
   * Errors: `corrupt` where journal, archive or snapshot are damaged; `archive-mismatch`;
   * `conflict` if another process archives the shard; `store-unavailable`.
   */
  async archiveShard(shard: number): Promise<void> {
    const { journal, keeper, archive } = this.#options;
    const trimmed = await journal.trimmed(shard);
    const through = await this.#through(shard, trimmed);
    if (through <= trimmed + 1) return;
    const end = await this.#verifiedEnd(shard, trimmed);
    await this.#checkHistory(shard, trimmed, end);
    const last = await this.#write(shard, end?.header ?? null, through);
    const snapshotSequence = await this.#snapshotCheck.run(shard);
    const trimThrough = Math.min(through, snapshotSequence, last - 1);
    if (trimThrough <= trimmed) return;
    await keeper.trim(shard, trimThrough);
    this.#options.log.info(
      { shard, archived: last, trimmed: trimThrough, archive: archive.archive.name },
      'a journal is trimmed',
    );
  }

  /** The last entry that may leave the journal. */
  async #through(shard: number, trimmed: number): Promise<number> {
    const { journal, snapshots, keeper, journalEntriesMin } = this.#options;
    const { lastSequence } = await journal.head(shard);
    const spare = lastSequence - journalEntriesMin;
    if (spare <= trimmed + 1) return trimmed;
    const snapshot = Math.min(spare, await snapshots.snapshotSequence(shard));
    return snapshot <= trimmed + 1 ? trimmed : Math.min(snapshot, await keeper.consumed(shard));
  }

  /**
   * The last segment; null without any. All segments with entries that the journal still has are
   * checked, because an earlier process may have written them and not read them back.
   */
  async #verifiedEnd(shard: number, trimmed: number): Promise<Segment | null> {
    const { archive } = this.#options;
    const { removed, segments } = await archive.list(shard);
    const from = Math.max(trimmed, this.#verified.get(shard) ?? 0);
    // The segment that has entry `from`, and all behind it.
    let index = segments.findLastIndex(({ first }) => first <= from);
    index = Math.max(0, index);
    let before: Segment | null = null;
    for (const { first } of segments.slice(index)) {
      const segment = await archive.segment({ shard, first });
      if (segment === null) throw new CorruptError(`segment ${first} of shard ${shard} is gone`);
      if (before !== null) archive.checkChain(segment, before.header);
      else if (first === 1 && removed === 0) archive.checkChain(segment, null);
      checkEntries(segment);
      before = segment;
    }
    this.#verified.set(shard, before?.header.last ?? 0);
    return before;
  }

  /** Errors: `archive-mismatch`. */
  async #checkHistory(shard: number, trimmed: number, end: Segment | null): Promise<void> {
    const { journal, archive } = this.#options;
    const archived = end?.header.last ?? 0;
    const where = `the archive ${archive.archive.name} ends at entry ${archived} of shard ${shard}`;
    if (archived < trimmed) {
      throw new ArchiveMismatchError(
        `${where}, but the journal is trimmed up to ${trimmed}: is LIVEDROPS_ARCHIVE right?`,
      );
    }
    if (end === null || archived === trimmed) return;
    const [entry] = await journal.read(shard, archived - 1, 1);
    const archivedEntry = end.entries.at(-1)!;
    const same =
      entry?.epoch === archivedEntry.epoch &&
      Buffer.compare(entry.bytes, archivedEntry.bytes) === 0;
    if (same) return;
    throw new ArchiveMismatchError(
      `${where}, which the journal ${entry === undefined ? 'has not reached' : 'has otherwise'}: ` +
        'the archive belongs to another history of this journal',
    );
  }

  /** Writes all entries up to `through`. Returns the last archived sequence. */
  async #write(shard: number, end: SegmentHeader | null, through: number): Promise<number> {
    let header = end;
    for (;;) {
      const last = header?.last ?? 0;
      if (last >= through) return last;
      const entries = await this.#readSegment(shard, last, through);
      header = await this.#writeSegment(shard, header, entries);
    }
  }

  async #readSegment(shard: number, after: number, through: number): Promise<JournalEntry[]> {
    const { journal } = this.#options;
    const entries: JournalEntry[] = [];
    let bytes = 0;
    let limit = READ_ENTRIES_FIRST;
    for (;;) {
      const sequence = after + entries.length;
      const missing = Math.min(through - sequence, SEGMENT_ENTRIES_MAX - entries.length);
      if (missing <= 0) return entries;
      const found = await journal.read(shard, sequence, Math.min(limit, missing));
      if (found.length === 0)
        throw new CorruptError(`the journal of shard ${shard} ends at ${sequence}`);
      for (const entry of found) {
        if (entries.length > 0 && bytes + entry.bytes.length > SEGMENT_BYTES_MAX) return entries;
        bytes += entry.bytes.length;
        entries.push(entry);
      }
      limit = Math.min(limit * 4, READ_ENTRIES_MAX);
      await turnOfOthers();
    }
  }

  /** Writes one segment and reads it back. */
  async #writeSegment(
    shard: number,
    before: SegmentHeader | null,
    entries: readonly JournalEntry[],
  ): Promise<SegmentHeader> {
    const { archive } = this.#options;
    const first = entries[0]!.sequence;
    // Damage in the journal must not be archived as if it were right.
    const lastTime = checkEntries({ header: { shard }, entries });
    const previous = before?.digest ?? NO_DIGEST;
    const bytes = await encodeSegment({ shard, lastTime, previous, entries });
    await archive.archive.write(shard, first, bytes);
    const segment = await archive.segment({ shard, first });
    if (segment === null || !areEqual(segment.entries, entries)) {
      throw new CorruptError(
        `segment ${first} of shard ${shard} in the archive ${archive.archive.name} is not what ` +
          'was written',
      );
    }
    archive.checkChain(segment, before);
    this.#verified.set(shard, segment.header.last);
    return segment.header;
  }

  async #expireShard(shard: number, retentionDays: number): Promise<void> {
    const { archive, clock, log } = this.#options;
    const { segments } = await archive.list(shard);
    let first = 0;
    // The last segment stays: the next one must follow it.
    for (const segment of segments.slice(0, -1)) {
      const found = await archive.segment({ shard, first: segment.first });
      if (found === null || clock.now() - found.header.lastTime < retentionDays * DAY_MS) break;
      first = found.header.last + 1;
    }
    if (first === 0) return;
    await archive.archive.removeBefore(shard, first);
    log.info({ shard, removed: first - 1, retentionDays }, 'old segments were removed');
  }
}

/** The time of the last entry. Errors: `corrupt` if an entry is damaged. */
function checkEntries(segment: {
  readonly header: { readonly shard: number };
  readonly entries: readonly JournalEntry[];
}): number {
  let time = 0;
  for (const { sequence, bytes } of segment.entries)
    ({ time } = decodeEntry(bytes, segment.header.shard, sequence));
  return time;
}

function areEqual(some: readonly JournalEntry[], others: readonly JournalEntry[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ sequence, epoch, bytes }, i) => {
      const other = others[i]!;
      const same = sequence === other.sequence && epoch === other.epoch;
      return same && Buffer.compare(bytes, other.bytes) === 0;
    })
  );
}
