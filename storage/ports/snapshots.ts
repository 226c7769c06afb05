// The snapshot port: snapshots bound the time of recovery. A snapshot of a shard is a small head,
// rewritten each time, and immutable parts, which are written once and named by their writer. Drops
// that are over are stored as sealed drops, each on its own: a small head for reads, and parts that
// are loaded when a command needs the whole drop.

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

/** A sealed drop as stored when it was found. */
export interface SealedDrop {
  readonly version: number;
  /** Of a drop that an earlier release sealed, it is the whole drop. */
  readonly head: Uint8Array;
  /**
   * Errors: `corrupt` if there is no such part; `store-unavailable`, also if the drop was sealed
   * again meanwhile.
   */
  readPart(name: string): Promise<Uint8Array>;
}

export interface NewSealedDrop {
  readonly version: number;
  readonly head: Uint8Array;
  /** The names of all parts: those of the stored drop that are kept, and those added. */
  readonly partNames: readonly string[];
}

/** One call after the other. Before `finish`, readers find the drop as it was stored before. */
export interface SealedDropWriter {
  /** Errors: `store-unavailable`. */
  add(part: SnapshotPart): Promise<void>;
  /**
   * Replaces the stored drop, of the same version or below, in one atomic, durable step; removes
   * the parts that `partNames` does not name. A stored drop of a higher version stays: its writer
   * owned the shard later. Errors: `corrupt` if a part is missing; `store-unavailable`, also if
   * another writer of the drop removed an added part.
   */
  finish(drop: NewSealedDrop): Promise<void>;
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
   * False while a living node cannot read sealed drops in parts: until then drops that are over
   * stay in memory.
   */
  canSealDrops(): boolean;

  /**
   * Begins to seal a drop. What a writer left that did not finish is removed, at the latest by the
   * next `finish` of the drop. Errors: `store-unavailable`.
   */
  sealDrop(dropId: string): Promise<SealedDropWriter>;

  /** Reads the head only. Null for a drop that was never sealed. Errors: `store-unavailable`. */
  findSealedDrop(dropId: string): Promise<SealedDrop | null>;
}

export type SnapshotReader = Pick<SnapshotStore, 'openSnapshot' | 'findSealedDrop'>;
/** For whoever checks snapshots, without sealed drops. */
export type SnapshotHeads = Pick<SnapshotStore, 'openSnapshot' | 'snapshotSequence'>;
