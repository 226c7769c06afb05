// Snapshots and sealed drops on SQLite, in the journal's file. New parts are written one by one
// before the head that names them. So appends go in between, and a large snapshot delays none of
// them. A part belongs to the snapshot only once the head names it.

import { CorruptError } from '../../ports/journal.ts';
import type {
  OpenedSnapshot,
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

  async saveSealedDrop(dropId: string, version: number, bytes: Uint8Array): Promise<void> {
    await this.#options.writer.submit('saveSealedDrop', bytes, dropId, version);
  }

  async loadSealedDrop(dropId: string): Promise<Uint8Array | null> {
    return this.#options.reader.submit('loadSealedDrop', dropId);
  }
}
