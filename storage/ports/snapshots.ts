// The snapshot port: snapshots bound the time of recovery. A snapshot of a shard is a small head,
// rewritten each time, and immutable parts, which are written once and named by their writer. Drops
// that are over are stored as sealed drops, each on its own, and loaded when a command needs one.

export interface SnapshotPart {
  /** Unique in the shard. A name always has the same bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  /** The snapshot contains the journal entries up to this sequence. */
  readonly sequence: number;
  readonly head: Uint8Array;
  /** The names of all parts the head refers to. */
  readonly partNames: readonly string[];
}

export interface OpenedSnapshot {
  readonly snapshot: Snapshot;
  /**
   * The bytes of a part that `snapshot` names. Null if the part is gone: mostly because a newer
   * snapshot has replaced this one meanwhile. Errors: `store-unavailable`.
   */
  part(name: string): Promise<Uint8Array | null>;
}

export interface SnapshotStore {
  /**
   * Replaces the shard's snapshot in one atomic, durable step: adds the new parts, and removes the
   * parts that `snapshot.partNames` does not name. Errors: `fenced` if `epoch` is older than the
   * epoch that wrote the present snapshot; `store-unavailable`.
   */
  saveSnapshot(
    shard: number,
    epoch: number,
    snapshot: Snapshot,
    newParts: readonly SnapshotPart[],
  ): Promise<void>;

  /**
   * The newest snapshot with all its parts in the order of `partNames`, or null. Errors: `corrupt`
   * if a part is missing.
   */
  loadSnapshot(shard: number): Promise<{ snapshot: Snapshot; parts: SnapshotPart[] } | null>;

  /** The sequence of the newest snapshot, without loading it; 0 without one. */
  snapshotSequence(shard: number): Promise<number>;

  /**
   * The newest snapshot, whose parts are read one by one, so that a reader needs memory for one of
   * them; null without a snapshot. Errors: `store-unavailable`.
   */
  openSnapshot(shard: number): Promise<OpenedSnapshot | null>;

  /**
   * Stores one sealed drop, durably. It replaces a stored one of the same version or below. A
   * stored one of a higher version stays: its writer owned the shard later. Errors:
   * `store-unavailable`.
   */
  saveSealedDrop(dropId: string, version: number, bytes: Uint8Array): Promise<void>;

  /** A sealed drop's bytes, or null. */
  loadSealedDrop(dropId: string): Promise<Uint8Array | null>;
}

export type SnapshotReader = Pick<SnapshotStore, 'openSnapshot' | 'loadSealedDrop'>;
/** For whoever checks snapshots, without sealed drops. */
export type SnapshotHeads = Pick<SnapshotStore, 'openSnapshot' | 'snapshotSequence'>;
