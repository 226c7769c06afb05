// The journal port: a durable, append-only log for each shard, fenced by epoch. Memory, feeds and
// lists can all be rebuilt from it. This file also has the errors that every storage port raises.

/**
 * An older epoch tried to write: another owner has claimed the shard. The writer must stop serving
 * it.
 */
export class FencedError extends Error {
  readonly code = 'fenced';
}
/** The sequence does not follow the last one written. */
export class ConflictError extends Error {
  readonly code = 'conflict';
}
/**
 * The store did not answer, or could not write (disk full). Whether a write happened is unknown:
 * claim again and replay (J3).
 */
export class StoreUnavailableError extends Error {
  readonly code = 'store-unavailable';
}
/** Stored bytes do not match their checksum, or a sequence is missing. Never skipped. */
export class CorruptError extends Error {
  readonly code = 'corrupt';
}

/**
 * The entry was removed by `trim`. An archive may have it (`storage/ports/archive.ts`). Without one
 * it is missing, so the code is that of `CorruptError`.
 */
export class EntriesTrimmedError extends CorruptError {
  constructor(shard: number, sequence: number, trimmed: number) {
    super(
      `entry ${sequence} of shard ${shard} is trimmed from the journal, as all up to ${trimmed} ` +
        'are: an archive has them (LIVEDROPS_ARCHIVE)',
    );
  }
}

export interface Claim {
  /** Grows by one at each claim; the first is 1. */
  readonly epoch: number;
  /** The last sequence in the journal; 0 when it is empty. */
  readonly lastSequence: number;
}

export interface JournalEntry {
  readonly sequence: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

export type JournalReader = Pick<Journal, 'read' | 'head' | 'trimmed' | 'removed'>;

export interface Journal {
  /**
   * Raises the shard's epoch atomically, which fences every older owner before this resolves.
   * Errors: `store-unavailable`.
   */
  claim(shard: number, owner: string): Promise<Claim>;

  /**
   * Makes one entry durable (fsync) and resolves; nothing of it is readable before that. `sequence`
   * must be the last one plus 1. The same bytes again at the same epoch and sequence succeed
   * without writing. The journal keeps no reference to `bytes` after it resolves, and the caller
   * must not change them before. Errors: `fenced` (epoch is not the current one), `conflict`
   * (sequence does not follow, or other bytes stand there), `store-unavailable` (outcome unknown).
   */
  append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void>;

  /**
   * At most `limit` entries with a sequence above `after`, rising without gaps. Bytes are as they
   * were appended: the caller checks them (`storage/formats/entry.ts`). Errors:
   * `store-unavailable`; EntriesTrimmedError if `after + 1` is trimmed; `corrupt` if it is missing
   * although later entries exist.
   */
  read(shard: number, after: number, limit: number): Promise<JournalEntry[]>;

  /**
   * The last durable sequence and the current epoch, without a claim; zeros for a shard that was
   * never written.
   */
  head(shard: number): Promise<Claim>;

  /** Entries up to this sequence are removed; 0 for none. Errors: `store-unavailable`. */
  trimmed(shard: number): Promise<number>;

  /**
   * Nobody can read entries up to this sequence any more, because the retention of an archive
   * removed them; 0 for none, and for a journal without its archive. Errors: `store-unavailable`.
   */
  removed(shard: number): Promise<number>;

  /**
   * Removes entries up to and including `through`, the oldest first and in small portions, so that
   * appends do not wait long. Call it only for entries that an archive, a verified snapshot and
   * every consumer have. Idempotent. Errors: `store-unavailable`; then some may be removed.
   */
  trim(shard: number, through: number): Promise<void>;
}
