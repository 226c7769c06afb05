// Verifies a shard's snapshot before the journal is trimmed behind it: its head and its parts are
// read again from the store and compared with their checksums, and the head must name the parts
// that are there. A part never changes under its name, so each is read once.
//
// Whether the content is right is not asked here: the archive still has all entries that the
// snapshot stands for, so `livedrops verify` compares them as ever (decision 038).

import { checkPart, decodeShardHead } from '../../storage/formats/drop-snapshot.ts';
import { CorruptError, StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { SnapshotHeads } from '../../storage/ports/snapshots.ts';

export interface SnapshotCheckOptions {
  readonly snapshots: SnapshotHeads;
  /** Awaited before each part. */
  readonly giveWay: () => Promise<void>;
}

export class SnapshotCheck {
  readonly #snapshots: SnapshotHeads;
  readonly #giveWay: () => Promise<void>;
  /** By shard: the parts that were found right. */
  readonly #right = new Map<number, ReadonlySet<string>>();

  constructor({ snapshots, giveWay }: SnapshotCheckOptions) {
    this.#snapshots = snapshots;
    this.#giveWay = giveWay;
  }

  /**
   * The sequence of the shard's newest snapshot; 0 without one. Errors: `corrupt`;
   * `store-unavailable`, also where the snapshot is replaced meanwhile.
   */
  async run(shard: number): Promise<number> {
    const opened = await this.#snapshots.openSnapshot(shard);
    if (opened === null) return 0;
    const { sequence, head, partNames } = opened.snapshot;
    const stored = new Set(partNames);
    for (const drop of decodeShardHead(head, shard).drops)
      for (const name of drop.partNames) if (!stored.has(name)) throw absent(shard, name);
    const before = this.#right.get(shard);
    for (const name of stored) {
      if (before?.has(name) === true) continue;
      await this.#giveWay();
      const bytes = await opened.part(name);
      if (bytes === null) throw await this.#lost(shard, name, sequence);
      checkPart({ name, bytes });
    }
    this.#right.set(shard, stored);
    return sequence;
  }

  async #lost(shard: number, name: string, sequence: number): Promise<Error> {
    if ((await this.#snapshots.snapshotSequence(shard)) === sequence) return absent(shard, name);
    return new StoreUnavailableError(`the snapshot of shard ${shard} changes while it is read`);
  }
}

function absent(shard: number, name: string): CorruptError {
  return new CorruptError(`the snapshot of shard ${shard} has no part ${name}`);
}
