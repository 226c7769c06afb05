// Drops that are over and were put aside: brought back into memory when somebody asks, one load for each drop however many ask.

import type { Logger } from 'pino';
import type { DropState } from '../../domain/drop-state.ts';
import { decodeSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { turnOfOthers } from './recovery.ts';
import type { WaitingCommand } from './shard-batch.ts';

/** Commands that may wait for loads in a shard. */
const PARKED_MAX = 1024;

type Loaded = (state: DropState | null, parked: readonly WaitingCommand[]) => void;

export class SealedDrops {
  readonly #snapshots: SnapshotStore;
  readonly #log: Logger;
  readonly #loads = new Map<string, WaitingCommand[]>();
  #parkedCount = 0;

  constructor(options: { readonly snapshots: SnapshotStore; readonly log: Logger }) {
    this.#snapshots = options.snapshots;
    this.#log = options.log;
  }

  /** Keeps a command until its drop is loaded. `loaded` gets all that waited, and null where there is no such drop. False when full. */
  park(waiting: WaitingCommand, loaded: Loaded): boolean {
    if (this.#parkedCount >= PARKED_MAX) return false;
    this.#parkedCount += 1;
    const { dropId } = waiting.command;
    const parked = this.#loads.get(dropId);
    if (parked !== undefined) {
      parked.push(waiting);
      return true;
    }
    this.#loads.set(dropId, [waiting]);
    const finish = (deliver: (parked: readonly WaitingCommand[]) => void) => {
      const all = this.#loads.get(dropId)!;
      this.#loads.delete(dropId);
      this.#parkedCount -= all.length;
      deliver(all);
    };
    this.load(dropId).then(
      (state) => finish((all) => loaded(state, all)),
      (error: unknown) =>
        finish((all) => {
          this.#log.error({ err: error, dropId }, 'a drop that was put aside could not be loaded');
          for (const one of all) one.slots.complete(one.index, { ok: false, code: 'unavailable' });
        }),
    );
    return true;
  }

  /** As it was put aside, in memory of its own. Errors: `corrupt`, `store-unavailable`. */
  async load(dropId: string): Promise<DropState | null> {
    const bytes = await this.#snapshots.loadSealedDrop(dropId);
    return bytes === null ? null : await decodeSealedDrop(bytes, turnOfOthers);
  }
}
