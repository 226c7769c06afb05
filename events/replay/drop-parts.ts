// Where a drop is stored: in its shard's newest snapshot, sealed, or both. Parts with the same name
// are equal, so a part that left the one place while a reader wants it is read from the other.

import { decodeShardHead, type DropSnapshot } from '../../storage/formats/drop-snapshot.ts';
import { CorruptError, StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { OpenedSnapshot, SealedDrop, SnapshotReader } from '../../storage/ports/snapshots.ts';

/** How often the places may change in turn while one part is read. */
const TRIES_MAX = 5;

export interface DropPartsOptions {
  readonly snapshots: SnapshotReader;
  readonly dropId: string;
  readonly shard: number;
}

export interface DropPlaces {
  /** The entries that the shard's snapshot has; 0 without one. */
  readonly snapshotSequence: number;
  readonly inSnapshot: DropSnapshot | null;
  readonly sealed: SealedDrop | null;
}

export class DropParts {
  readonly #options: DropPartsOptions;
  #snapshot: OpenedSnapshot | null = null;
  #sealed: SealedDrop | null = null;

  constructor(options: DropPartsOptions) {
    this.#options = options;
  }

  /**
   * Finds the drop where it is now. The sealed copy is read after the snapshot: where the snapshot
   * has not the drop, the drop was sealed by then, so the copy has all that the snapshot's entries
   * say of it. Errors: `corrupt`, `store-unavailable`.
   */
  async find(): Promise<DropPlaces> {
    const { snapshots, dropId, shard } = this.#options;
    const opened = await snapshots.openSnapshot(shard);
    const drops = opened === null ? [] : decodeShardHead(opened.snapshot.head, shard).drops;
    const inSnapshot = drops.find(({ head }) => head.terms.id === dropId) ?? null;
    const sealed = await snapshots.findSealedDrop(dropId);
    this.#snapshot = inSnapshot === null ? null : opened;
    this.#sealed = sealed;
    return { snapshotSequence: opened?.snapshot.sequence ?? 0, inSnapshot, sealed };
  }

  /** Errors: `corrupt` if the part is in neither place any more; `store-unavailable`. */
  async readPart(name: string): Promise<Uint8Array> {
    for (let tries = 1; ; tries++) {
      const bytes = (await this.#snapshot?.part(name)) ?? (await this.#sealedPart(name, tries));
      if (bytes !== null) return bytes;
      if (tries === TRIES_MAX) throw new CorruptError(`snapshot part ${name} is missing`);
      await this.find();
    }
  }

  /** Null where the sealed copy has it not, or was replaced meanwhile. */
  async #sealedPart(name: string, tries: number): Promise<Uint8Array | null> {
    try {
      return (await this.#sealed?.readPart(name)) ?? null;
    } catch (error) {
      if (error instanceof CorruptError) return null;
      if (error instanceof StoreUnavailableError && tries < TRIES_MAX) return null;
      throw error;
    }
  }
}
