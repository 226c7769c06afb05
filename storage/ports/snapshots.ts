// The snapshot port: what bounds recovery. A snapshot of a shard is a small head, rewritten each
// time, and immutable parts that are written once and named by their writer. Drops that are over
// are kept as sealed drops, each on its own, until somebody asks.

export interface SnapshotPart {
  /** Unique in the shard; a name is never written twice with other bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  /** Journal entries up to this sequence are contained. */
  readonly sequence: number;
  readonly head: Uint8Array;
  /** The names of all parts the head refers to. */
  readonly partNames: readonly string[];
}

export interface SnapshotStore {
  /**
   * Replaces the shard's snapshot in one atomic, durable step: new parts are added, and parts that
   * `snapshot.partNames` no longer names are dropped. Errors: `fenced` when `epoch` is older than
   * the one that wrote the present snapshot; `store-unavailable`.
   */
  saveSnapshot(
    shard: number,
    epoch: number,
    snapshot: Snapshot,
    newParts: readonly SnapshotPart[],
  ): Promise<void>;

  /**
   * The newest snapshot with all its parts in the order of `partNames`, or null. Errors: `corrupt`
   * when a part is missing.
   */
  loadSnapshot(shard: number): Promise<{ snapshot: Snapshot; parts: SnapshotPart[] } | null>;

  /**
   * Keeps one sealed drop, durably, in place of what is kept at the same version or below. One at a
   * higher version stays: its writer owned the shard later. Errors: `store-unavailable`.
   */
  saveSealedDrop(dropId: string, version: number, bytes: Uint8Array): Promise<void>;

  /** A sealed drop's bytes, or null. */
  loadSealedDrop(dropId: string): Promise<Uint8Array | null>;
}

export type SnapshotReader = Pick<SnapshotStore, 'loadSnapshot' | 'loadSealedDrop'>;
