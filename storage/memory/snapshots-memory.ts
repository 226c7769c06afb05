// Snapshots and sealed drops in memory, for tests. It copies bytes in and out, as a durable driver
// does.

import { CorruptError, FencedError } from '../ports/journal.ts';
import type {
  NewSealedDrop,
  OpenedSnapshot,
  SealedDrop,
  SealedDropWriter,
  Snapshot,
  SnapshotPart,
  SnapshotStore,
} from '../ports/snapshots.ts';

interface ShardSnapshot {
  readonly epoch: number;
  readonly snapshot: Snapshot;
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

interface StoredSealedDrop {
  readonly version: number;
  readonly head: Uint8Array;
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

export class MemorySnapshotStore implements SnapshotStore {
  readonly #shards = new Map<number, ShardSnapshot>();
  readonly #sealedDrops = new Map<string, StoredSealedDrop>();

  async saveSnapshot(
    shard: number,
    epoch: number,
    snapshot: Snapshot,
    newParts: readonly SnapshotPart[],
  ): Promise<void> {
    const present = this.#shards.get(shard);
    if (present !== undefined && epoch < present.epoch) {
      throw new FencedError(`the snapshot of shard ${shard} is of epoch ${present.epoch}`);
    }
    const added = new Map(newParts.map((part) => [part.name, new Uint8Array(part.bytes)]));
    const parts = new Map<string, Uint8Array>();
    for (const name of snapshot.partNames) {
      const bytes = present?.parts.get(name) ?? added.get(name);
      if (bytes === undefined) throw new CorruptError(`shard ${shard} has no part ${name}`);
      parts.set(name, bytes);
    }
    const { sequence, partNames } = snapshot;
    const stored = { sequence, head: new Uint8Array(snapshot.head), partNames: [...partNames] };
    this.#shards.set(shard, { epoch, snapshot: stored, parts });
  }

  async loadSnapshot(shard: number): Promise<{ snapshot: Snapshot; parts: SnapshotPart[] } | null> {
    const present = this.#shards.get(shard);
    if (present === undefined) return null;
    const parts = present.snapshot.partNames.map((name) => {
      const bytes = present.parts.get(name);
      if (bytes === undefined) throw new CorruptError(`shard ${shard} has no part ${name}`);
      return { name, bytes: new Uint8Array(bytes) };
    });
    return { snapshot: present.snapshot, parts };
  }

  async openSnapshot(shard: number): Promise<OpenedSnapshot | null> {
    const snapshot = this.#shards.get(shard)?.snapshot;
    if (snapshot === undefined) return null;
    const part = async (name: string) => {
      const bytes = this.#shards.get(shard)!.parts.get(name);
      return bytes === undefined ? null : new Uint8Array(bytes);
    };
    return { snapshot, part };
  }

  async snapshotSequence(shard: number): Promise<number> {
    return this.#shards.get(shard)?.snapshot.sequence ?? 0;
  }

  canSealDrops(): boolean {
    return true;
  }

  async sealDrop(dropId: string): Promise<SealedDropWriter> {
    const added = new Map<string, Uint8Array>();
    return {
      add: async ({ name, bytes }) => void added.set(name, new Uint8Array(bytes)),
      finish: async (drop) => this.#finish(dropId, drop, added),
    };
  }

  async findSealedDrop(dropId: string): Promise<SealedDrop | null> {
    const found = this.#sealedDrops.get(dropId);
    if (found === undefined) return null;
    const readPart = async (name: string): Promise<Uint8Array> => {
      const bytes = found.parts.get(name);
      if (bytes === undefined) throw new CorruptError(`the sealed drop ${dropId} lacks ${name}`);
      return new Uint8Array(bytes);
    };
    return { version: found.version, head: new Uint8Array(found.head), readPart };
  }

  #finish(dropId: string, drop: NewSealedDrop, added: ReadonlyMap<string, Uint8Array>): void {
    const present = this.#sealedDrops.get(dropId);
    if (present !== undefined && present.version > drop.version) return;
    const parts = new Map<string, Uint8Array>();
    for (const name of drop.partNames) {
      const bytes = added.get(name) ?? present?.parts.get(name);
      if (bytes === undefined) throw new CorruptError(`the sealed drop ${dropId} lacks ${name}`);
      parts.set(name, bytes);
    }
    this.#sealedDrops.set(dropId, {
      version: drop.version,
      head: new Uint8Array(drop.head),
      parts,
    });
  }
}
