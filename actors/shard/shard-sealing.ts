// Puts drops that are over aside: written once, on their own, and taken out of the shard's memory when nobody asked for a while.

import type { Logger } from 'pino';
import type { DropState } from '../../domain/drop-state.ts';
import { copyDrop, type DropCopy, encodeSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import { turnOfOthers } from './recovery.ts';

/** How long a drop that is over stays in memory without being asked for. */
const SEAL_AFTER_IDLE_MS = 30_000;

export interface ShardSealingOptions {
  readonly id: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly snapshots: SnapshotStore;
  readonly serves: () => boolean;
  /** `OutputGate.whenOpen`. */
  readonly whenOpen: <T>(read: () => T) => Promise<T>;
  readonly find: (dropId: string) => DropState | undefined;
  readonly forget: (dropId: string) => void;
  /** Whether a command that found the drop in memory is still to be decided. */
  readonly waits: (dropId: string) => boolean;
}

export class ShardSealing {
  readonly #options: ShardSealingOptions;
  /** Drops that are over, and when they were last changed or asked for. */
  readonly #over = new Map<string, number>();
  /** Until the next look, and while one is taken; null: there is nothing to look for. */
  #timer: Timer | null = null;

  constructor(options: ShardSealingOptions) {
    this.#options = options;
  }

  /** The drop is over and was changed or asked for just now. */
  note(dropId: string): void {
    this.#over.set(dropId, this.#options.clock.now());
    if (this.#timer === null) this.#lookLater();
  }

  clear(): void {
    this.#over.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookLater(): void {
    const timer = this.#options.clock.after(SEAL_AFTER_IDLE_MS, () => void this.#sealIdle(timer));
    this.#timer = timer;
  }

  async #sealIdle(timer: Timer): Promise<void> {
    const { clock, log, id, serves } = this.#options;
    const before = clock.now() - SEAL_AFTER_IDLE_MS;
    for (const [dropId, at] of this.#over) {
      if (at > before || !serves()) continue;
      try {
        await this.#seal(dropId);
      } catch (error) {
        // Memory was forgotten meanwhile.
        if (!this.#over.has(dropId)) continue;
        log.warn(
          { err: error, shard: id, dropId },
          'a drop that is over could not be put aside yet',
        );
        this.#over.set(dropId, clock.now());
      }
    }
    // Memory was forgotten meanwhile, and who came after looks by itself.
    if (this.#timer !== timer) return;
    if (this.#over.size > 0) this.#lookLater();
    else this.#timer = null;
  }

  async #seal(dropId: string): Promise<void> {
    const { snapshots, whenOpen, find, forget, waits } = this.#options;
    // Copied at a durable moment and not after it: the next batch may be decided right behind.
    const copied = await whenOpen(() => copyOf(find(dropId)));
    if (copied === null) return void this.#over.delete(dropId);
    const { state, version, copy } = copied;
    const bytes = await encodeSealedDrop(copy, turnOfOthers);
    await snapshots.saveSealedDrop(dropId, version, bytes);
    await whenOpen(() => {
      // Changed or asked for meanwhile, or memory was rebuilt: it stays until it is idle again.
      if (find(dropId) !== state || state.version !== version || waits(dropId)) return;
      this.#over.delete(dropId);
      forget(dropId);
    });
  }
}

interface Copied {
  readonly state: DropState;
  readonly version: number;
  readonly copy: DropCopy;
}

/** Null where there is nothing to put aside. */
function copyOf(state: DropState | undefined): Copied | null {
  if (state === undefined || !state.isOver) return null;
  return { state, version: state.version, copy: copyDrop(state) };
}
