// The archive port: journal entries that the journal itself no longer needs, in segments. A segment
// has consecutive entries of one shard (`storage/formats/archive-segment.ts`), is written once, and
// never changes. The port stores bytes and knows no format. The first sequence of a segment is its
// name, and each name can be written once: so of two archivers that continue one shard at the same
// time, one stores its segment, and the archive never has two versions of an entry.

export interface ArchivedShard {
  /** Entries up to this sequence were removed on purpose, by retention; 0 for none. */
  readonly removed: number;
  /** The segments, by the sequence of their first entry, rising. */
  readonly segments: readonly StoredSegment[];
}

export interface StoredSegment {
  readonly first: number;
  readonly bytes: number;
}

/** The result of a check of all segments, for people. */
export interface ArchiveCheck {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly segments: number;
  /** One sentence for each thing that is damaged or missing. */
  readonly findings: readonly string[];
}

export interface Archive {
  /** Names the archive in messages, such as the path of its folder. */
  readonly name: string;

  /**
   * The shard's segments as they are stored now; empty for a shard without any. Errors:
   * `store-unavailable`, also where the archive itself is not there.
   */
  list(shard: number): Promise<ArchivedShard>;

  /** `list(shard).removed` alone. Errors: `store-unavailable`. */
  removed(shard: number): Promise<number>;

  /**
   * Stores a segment under its first sequence in one atomic step, and resolves when it is durable.
   * The same bytes again succeed. Errors: `conflict` if other bytes have that name;
   * `store-unavailable`.
   */
  write(shard: number, first: number, bytes: Uint8Array): Promise<void>;

  /**
   * The bytes as they were written, or null for a segment that is not there. A segment is small
   * (`SEGMENT_BYTES_MAX`), so it is read whole. Errors: `store-unavailable`.
   */
  read(shard: number, first: number): Promise<Uint8Array | null>;

  /**
   * Removes all segments that begin before `first`. It durably records that they were removed
   * before it removes any. Idempotent. Errors: `store-unavailable`.
   */
  removeBefore(shard: number, first: number): Promise<void>;

  /** The last stored check, or null. Errors: `store-unavailable`. */
  lastCheck(): Promise<ArchiveCheck | null>;
  /** Errors: `store-unavailable`. */
  saveCheck(check: ArchiveCheck): Promise<void>;
}
