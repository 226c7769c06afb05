// Moves old entries of each journal into the archive, then trims the journal (J8). For one shard,
// in this order: find how far it may go; write the entries as segments; read each segment back and
// compare its bytes; verify the snapshot; trim. Each step begins from what is stored, so after a
// crash between two steps the next pass finishes the work, and an entry is always in the journal,
// in the archive, or in both.
//
// How far it may go is the least of: the newest snapshot, the position of every consumer, and the
// journal's end less the entries that stay. The last archived entry stays in the journal as well.
// So a pass notices an archive of another history, such as after a journal was put back from a
// copy.

import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { ArchiveReader } from '../../storage/archive/archive-reader.ts';
import {
  decodeSegmentHeader,
  encodeSegment,
  NO_DIGEST,
  type Segment,
  type SegmentHeader,
} from '../../storage/formats/archive-segment.ts';
import { checkEntry, decodeEntry } from '../../storage/formats/entry.ts';
import {
  CorruptError,
  type JournalEntry,
  type JournalReader,
} from '../../storage/ports/journal.ts';
import type { SnapshotHeads } from '../../storage/ports/snapshots.ts';
import { ArchiveCounts } from './archive-counts.ts';
import type { JournalKeeper } from './journal-keeper.ts';
import { SegmentEntries } from './segment-entries.ts';
import { SnapshotCheck } from './snapshot-check.ts';

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
  /** Awaited before each slice of a few milliseconds (`Pace.giveWay`). Default: nothing. */
  readonly giveWay?: () => Promise<void>;
  /** Counts what is done. Default: nobody reads it. */
  readonly counts?: ArchiveCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where the archive of a shard ends. */
interface ArchiveEnd {
  readonly header: SegmentHeader;
  readonly lastEntry: JournalEntry;
}

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #giveWay: () => Promise<void>;
  readonly #counts: ArchiveCounts;
  /** By shard: all segments up to this one were read back and compared by this process. */
  readonly #ends = new Map<number, ArchiveEnd>();
  readonly #snapshotCheck: SnapshotCheck;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#giveWay = options.giveWay ?? (() => Promise.resolve());
    this.#counts = options.counts ?? new ArchiveCounts();
    this.#snapshotCheck = new SnapshotCheck({ ...options, giveWay: this.#giveWay });
  }

  /**
   * One pass over all shards. A shard that fails is logged, and the others go on. `isAllowed` is
   * asked before each shard; the pass ends where it answers false.
   */
  async pass(isAllowed: () => Promise<boolean>): Promise<void> {
    const { shardCount, clock, log } = this.#options;
    for (let shard = 0; shard < shardCount; shard++) {
      if (!(await isAllowed())) return;
      try {
        await this.archiveShard(shard);
      } catch (error) {
        if ((error as { code?: unknown }).code === 'conflict') {
          log.info({ err: error, shard }, 'another process archives a shard');
          continue;
        }
        this.#counts.addFailure();
        log.error({ err: error, shard }, 'a shard could not be archived');
      }
    }
    this.#counts.passed(clock.now());
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
    const last = await this.#write(shard, end, through);
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
   * The end of the archive; null where it has nothing. All segments with entries that the journal
   * still has are checked, because an earlier process may have written them and not read them back.
   */
  async #verifiedEnd(shard: number, trimmed: number): Promise<ArchiveEnd | null> {
    const { archive } = this.#options;
    const { removed, segments } = await archive.list(shard);
    const known = this.#ends.get(shard);
    if (known !== undefined && segments.at(-1)?.first === known.header.first) return known;
    const from = Math.max(trimmed, known?.header.last ?? 0);
    // The segment that has entry `from`, and all behind it.
    let index = segments.findLastIndex(({ first }) => first <= from);
    index = Math.max(0, index);
    let before: Segment | null = null;
    for (const { first } of segments.slice(index)) {
      await this.#giveWay();
      const segment = await archive.segment({ shard, first });
      if (segment === null) throw new CorruptError(`segment ${first} of shard ${shard} is gone`);
      if (before !== null) archive.checkChain(segment, before.header);
      else if (first === 1 && removed === 0) archive.checkChain(segment, null);
      checkEntries(shard, segment.entries);
      before = segment;
    }
    return before === null ? null : this.#endsWith(before.header, before.entries);
  }

  /** Errors: `archive-mismatch`. */
  async #checkHistory(shard: number, trimmed: number, end: ArchiveEnd | null): Promise<void> {
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
    const { lastEntry } = end;
    const same =
      entry?.epoch === lastEntry.epoch && Buffer.compare(entry.bytes, lastEntry.bytes) === 0;
    if (same) return;
    throw new ArchiveMismatchError(
      `${where}, which the journal ${entry === undefined ? 'has not reached' : 'has otherwise'}: ` +
        'the archive belongs to another history of this journal',
    );
  }

  /** Writes all entries up to `through`. Returns the last archived sequence. */
  async #write(shard: number, end: ArchiveEnd | null, through: number): Promise<number> {
    const { journal } = this.#options;
    const giveWay = this.#giveWay;
    let header = end?.header ?? null;
    const after = header?.last ?? 0;
    const portions = new SegmentEntries({ journal, shard, after, through, giveWay });
    for (;;) {
      const entries = await portions.next();
      if (entries.length === 0) return header?.last ?? 0;
      header = await this.#writeSegment(shard, header, entries);
    }
  }

  /** Writes one segment and reads it back. */
  async #writeSegment(
    shard: number,
    before: SegmentHeader | null,
    entries: readonly JournalEntry[],
  ): Promise<SegmentHeader> {
    const { archive } = this.#options.archive;
    const first = entries[0]!.sequence;
    // Damage in the journal must not be archived as if it were right.
    checkEntries(shard, entries);
    const last = entries.at(-1)!;
    const lastTime = decodeEntry(last.bytes, shard, last.sequence).time;
    const previous = before?.digest ?? NO_DIGEST;
    const bytes = encodeSegment({ shard, lastTime, previous, entries });
    await archive.write(shard, first, bytes);
    const stored = await archive.read(shard, first);
    const where = `segment ${first} of shard ${shard} in the archive ${archive.name}`;
    if (stored === null || Buffer.compare(stored, bytes) !== 0)
      throw new CorruptError(`${where} is not what was written`);
    const header = decodeSegmentHeader(bytes, { shard, first, where });
    this.#counts.addSegment(entries.length, bytes.length);
    return this.#endsWith(header, entries).header;
  }

  #endsWith(header: SegmentHeader, entries: readonly JournalEntry[]): ArchiveEnd {
    const lastEntry = entries.at(-1)!;
    // Copies: what is kept must not hold the whole segment in memory.
    const [digest, previous, bytes] = [header.digest, header.previous, lastEntry.bytes].map(
      (part) => new Uint8Array(part),
    );
    const end = {
      header: { ...header, digest: digest!, previous: previous! },
      lastEntry: { ...lastEntry, bytes: bytes! },
    };
    this.#ends.set(header.shard, end);
    return end;
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

/** Errors: `corrupt` if an entry is damaged. */
function checkEntries(shard: number, entries: readonly JournalEntry[]): void {
  for (const { sequence, bytes } of entries) checkEntry(bytes, shard, sequence);
}
