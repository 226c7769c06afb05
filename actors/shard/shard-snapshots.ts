// When a shard takes a snapshot, and which parts of it are stored already. One at a time. A failed
// one only means that a recovery would replay more, so it is logged and tried again later.

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
import type { ShardDrops } from './shard-drops.ts';

/** Events between snapshots: replaying so many takes well under a second. */
const SNAPSHOT_EVENTS = 100_000;
/** A clean stop saves a snapshot when there would be more than this to replay. */
const SNAPSHOT_EVENTS_AT_STOP = 1000;

/** How far a shard's journal has come. */
export interface JournalPoint {
  readonly epoch: number;
  /** Of the last durable entry. */
  readonly sequence: number;
  /** Of the last durable entry; shard time never goes back, whoever owns the shard. */
  readonly time: number;
}

export interface ShardSnapshotsOptions {
  readonly shard: number;
  readonly drops: ShardDrops;
  readonly store: SnapshotStore;
  readonly log: Logger;
}

export class ShardSnapshots {
  readonly #shard: number;
  readonly #drops: ShardDrops;
  readonly #store: SnapshotStore;
  readonly #log: Logger;
  #storedParts: ReadonlySet<string> = new Set();
  #eventsSince = 0;
  #saving: Promise<void> | null = null;

  constructor(options: ShardSnapshotsOptions) {
    this.#shard = options.shard;
    this.#drops = options.drops;
    this.#store = options.store;
    this.#log = options.log;
  }

  recovered(shard: RecoveredShard): void {
    this.#storedParts = new Set(shard.partNames);
    this.#eventsSince = shard.replayedEvents;
  }

  /** Counts the events of a durable entry. To be called at a durable moment (`OutputGate`). */
  count(events: number, point: JournalPoint): void {
    this.#eventsSince += events;
    if (this.#eventsSince < SNAPSHOT_EVENTS || this.#saving !== null) return;
    this.#saving = this.#save(point);
  }

  /** Saves a last snapshot where there would be much to replay. Nothing may be in flight. */
  async finish(point: JournalPoint): Promise<void> {
    await this.#saving;
    if (this.#eventsSince > SNAPSHOT_EVENTS_AT_STOP) await this.#save(point);
  }

  /** Copies what may change before it first waits. Never rejects. */
  async #save({ epoch, sequence, time }: JournalPoint): Promise<void> {
    const pending: PendingPart[] = [];
    const isStored = (name: string) => this.#storedParts.has(name);
    const states: DropState[] = [];
    for (const state of this.#drops.states.values()) {
      if (!this.#drops.isSealed(state)) states.push(state);
    }
    const taken = states.map((state) => snapshotDrop(state, isStored, pending));
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
