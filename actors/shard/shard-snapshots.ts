// When a shard takes a snapshot, and which parts of it are stored already. One at a time; a failed one only means that recovery
// would replay more, so it is logged and tried again later.

import type { Logger } from 'pino';
import type { DropState } from '../../domain/drop-state.ts';
import {
  encodePart,
  encodeShardHead,
  PARTS_PER_STEP,
  type PendingPart,
  snapshotDrop,
} from '../../storage/formats/drop-snapshot.ts';
import type { SnapshotPart, SnapshotStore } from '../../storage/ports/snapshots.ts';
import { type RecoveredShard, turnOfOthers } from './recovery.ts';

/** Events between snapshots: replaying so many takes well under a second. */
const SNAPSHOT_EVENTS = 100_000;
/** A clean stop leaves a snapshot when there would be more than this to replay. */
const SNAPSHOT_EVENTS_AT_STOP = 1000;

export class ShardSnapshots {
  readonly #shard: number;
  readonly #store: SnapshotStore;
  readonly #log: Logger;
  #storedParts: ReadonlySet<string> = new Set();
  #eventsSince = 0;
  #saving: Promise<void> | null = null;

  constructor(options: {
    readonly id: number;
    readonly snapshots: SnapshotStore;
    readonly log: Logger;
  }) {
    this.#shard = options.id;
    this.#store = options.snapshots;
    this.#log = options.log;
  }

  recovered(shard: RecoveredShard): void {
    this.#storedParts = new Set(shard.partNames);
    this.#eventsSince = shard.replayedEvents;
  }

  /** To be called when memory holds nothing that is not durable. */
  noteEvents(
    count: number,
    epoch: number,
    sequence: number,
    time: number,
    drops: ReadonlyMap<string, DropState>,
  ): void {
    this.#eventsSince += count;
    if (this.#eventsSince < SNAPSHOT_EVENTS || this.#saving !== null) return;
    this.#saving = this.#save(epoch, sequence, time, drops);
  }

  async finish(
    epoch: number,
    sequence: number,
    time: number,
    drops: ReadonlyMap<string, DropState>,
  ): Promise<void> {
    await this.#saving;
    if (this.#eventsSince > SNAPSHOT_EVENTS_AT_STOP) await this.#save(epoch, sequence, time, drops);
  }

  async #save(
    epoch: number,
    sequence: number,
    time: number,
    drops: ReadonlyMap<string, DropState>,
  ): Promise<void> {
    const pending: PendingPart[] = [];
    const isStored = (name: string) => this.#storedParts.has(name);
    const taken = [...drops.values()].map((state) => snapshotDrop(state, isStored, pending));
    const partNames = taken.flatMap((drop) => drop.partNames);
    const events = this.#eventsSince;
    this.#eventsSince = 0;
    try {
      const newParts: SnapshotPart[] = [];
      for (let i = 0; i < pending.length; i++) {
        if (i % PARTS_PER_STEP === 0) await turnOfOthers();
        newParts.push(encodePart(pending[i]!));
      }
      const head = encodeShardHead({ time, drops: taken });
      await this.#store.saveSnapshot(this.#shard, epoch, { sequence, head, partNames }, newParts);
      this.#storedParts = new Set(partNames);
    } catch (error) {
      this.#eventsSince += events;
      this.#log.warn({ err: error, shard: this.#shard }, 'a snapshot could not be saved yet');
    } finally {
      this.#saving = null;
    }
  }
}
