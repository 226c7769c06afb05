// Snapshots and sealed drops on SQLite, in the journal's file. New parts are written one by one
// before the head that names them. So appends go in between, and a large snapshot delays none of
// them. A part belongs to the snapshot, or to the sealed drop, only once the head names it.

import { CorruptError, StoreUnavailableError } from '../../ports/journal.ts';
import type {
  OpenedSnapshot,
  SealedDrop,
  SealedDropWriter,
  Snapshot,
  SnapshotPart,
  SnapshotStore,
} from '../../ports/snapshots.ts';
import { type SqliteJournalOptions, throwRefusal } from './journal-sqlite.ts';

export class SqliteSnapshotStore implements SnapshotStore {
  readonly #options: SqliteJournalOptions;

  constructor(options: SqliteJournalOptions) {
    this.#options = options;
  }

  async saveSnapshot(
    shard: number,
    epoch: number,
    snapshot: Snapshot,
    newParts: readonly SnapshotPart[],
  ): Promise<void> {
    const { writer } = this.#options;
    for (const { name, bytes } of newParts) {
      throwRefusal(await writer.submit('savePart', bytes, shard, epoch, name));
    }
    const { sequence, head, partNames } = snapshot;
    throwRefusal(await writer.submit('saveSnapshot', head, shard, epoch, sequence, partNames));
  }

  async loadSnapshot(shard: number): Promise<{ snapshot: Snapshot; parts: SnapshotPart[] } | null> {
    const found = await this.#options.reader.submit('loadSnapshot', shard);
    if (found === null) return null;
    const { sequence, head, partNames } = found;
    const parts = partNames.map((name, i) => {
      const bytes = found.parts[i] ?? null;
      if (bytes === null) throw new CorruptError(`shard ${shard} has no snapshot part ${name}`);
      return { name, bytes };
    });
    return { snapshot: { sequence, head, partNames }, parts };
  }

  async openSnapshot(shard: number): Promise<OpenedSnapshot | null> {
    const { reader } = this.#options;
    const snapshot = await reader.submit('loadSnapshotHead', shard);
    if (snapshot === null) return null;
    return { snapshot, part: (name) => reader.submit('loadSnapshotPart', shard, name) };
  }

  async snapshotSequence(shard: number): Promise<number> {
    return await this.#options.reader.submit('snapshotSequence', shard);
  }

  canSealDrops(): boolean {
    return true;
  }

  async sealDrop(dropId: string): Promise<SealedDropWriter> {
    const { writer } = this.#options;
    return {
      async add({ name, bytes }) {
        await writer.submit('saveSealedPart', bytes, dropId, name);
      },
      async finish({ version, head, partNames }) {
        throwRefusal(await writer.submit('saveSealedDrop', head, dropId, version, partNames));
      },
    };
  }

  async findSealedDrop(dropId: string): Promise<SealedDrop | null> {
    const { reader } = this.#options;
    const found = await reader.submit('sealedDrop', dropId);
    if (found === null) return null;
    const { version, head } = found;
    const readPart = async (name: string): Promise<Uint8Array> => {
      const bytes = await reader.submit('sealedPart', dropId, name);
      if (bytes !== null) return bytes;
      if ((await reader.submit('sealedDrop', dropId))?.version !== version)
        throw new StoreUnavailableError(`${dropId} was sealed again while it was read`);
      throw new CorruptError(`the sealed drop ${dropId} lacks ${name}`);
    };
    return { version, head, readPart };
  }
}
