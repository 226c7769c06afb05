// Puts drops that are over aside: written once, on their own, and taken out of the shard's memory when nobody asked for a while.

import type { Logger } from 'pino';
import type { DropState } from '../domain/drop-state.ts';
import type { Clock } from './clock.ts';
import type { SealedDrops } from './sealed-drops.ts';

/** How long a drop that is over stays in memory without being asked for. */
const SEAL_AFTER_IDLE_MS = 30_000;

export interface ShardSealingOptions {
  readonly id: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sealed: SealedDrops;
  readonly serves: () => boolean;
  /** `OutputGate.settled`. */
  readonly settled: () => Promise<boolean>;
  readonly find: (dropId: string) => DropState | undefined;
  readonly forget: (dropId: string) => void;
}

export class ShardSealing {
  readonly #options: ShardSealingOptions;
  /** Drops that are over, and when they were last changed or asked for. */
  readonly #over = new Map<string, number>();

  constructor(options: ShardSealingOptions) {
    this.#options = options;
  }

  /** The drop is over and was changed or asked for just now. */
  note(dropId: string): void {
    if (this.#over.size === 0) this.#lookLater();
    this.#over.set(dropId, this.#options.clock.now());
  }

  clear(): void {
    this.#over.clear();
  }

  #lookLater(): void {
    this.#options.clock.after(SEAL_AFTER_IDLE_MS, () => void this.#sealIdle());
  }

  async #sealIdle(): Promise<void> {
    const { clock, log, id, serves } = this.#options;
    const before = clock.now() - SEAL_AFTER_IDLE_MS;
    for (const [dropId, at] of this.#over) {
      if (at > before || !serves()) continue;
      try {
        await this.#seal(dropId);
      } catch (error) {
        log.warn(
          { err: error, shard: id, dropId },
          'a drop that is over could not be put aside yet',
        );
        this.#over.set(dropId, clock.now());
      }
    }
    if (this.#over.size > 0) this.#lookLater();
  }

  async #seal(dropId: string): Promise<void> {
    const { sealed, settled, find, forget } = this.#options;
    await settled();
    const state = find(dropId);
    if (state === undefined || !state.isOver) return void this.#over.delete(dropId);
    const { version } = state;
    await sealed.save(state);
    await settled();
    // Changed meanwhile, or memory was rebuilt: it stays until it is idle again.
    if (find(dropId) !== state || state.version !== version) return;
    this.#over.delete(dropId);
    forget(dropId);
  }
}
