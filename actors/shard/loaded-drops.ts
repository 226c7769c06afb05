// The bound of sealed drops that a process has loaded again, over all of its shards. A load waits
// here for room, one after the other. Room is made by evicting the drops that were not used for the
// longest time. A drop larger than the bound loads when nothing else is loaded.

import type { Clock } from '../clock.ts';

/** Memory of loaded drops in a process: about two million orders. */
export const LOADED_BYTES_MAX = 256 << 20;
/** A drop that could not leave, because a command about it waits, is asked again after this. */
const EVICTION_RETRY_MS = 100;

interface LoadedDrop {
  readonly bytes: number;
  readonly evict: () => Promise<void>;
}

export interface LoadedDropsOptions {
  readonly clock: Clock;
  readonly bytesMax?: number;
}

export class LoadedDrops {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** The least recently used comes first. */
  readonly #drops = new Map<string, LoadedDrop>();
  #bytes = 0;
  #lastTurn: Promise<void> = Promise.resolve();
  #roomChanged: () => void = () => undefined;

  constructor(options: LoadedDropsOptions) {
    this.#clock = options.clock;
    this.#bytesMax = options.bytesMax ?? LOADED_BYTES_MAX;
  }

  /** Of drops that are loaded or being loaded. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves when the drop may be loaded; it counts from then on until `remove`. `evict` is called
   * to make room for another drop: it calls `remove`, or resolves without where the drop cannot
   * leave yet. It never rejects.
   */
  admit(dropId: string, bytes: number, evict: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(async () => {
      await this.#makeRoom(bytes);
      this.#drops.set(dropId, { bytes, evict });
      this.#bytes += bytes;
    });
    this.#lastTurn = turn;
    return turn;
  }

  /** There was a command about the drop. */
  use(dropId: string): void {
    const drop = this.#drops.get(dropId);
    if (drop === undefined) return;
    this.#drops.delete(dropId);
    this.#drops.set(dropId, drop);
  }

  remove(dropId: string): void {
    const drop = this.#drops.get(dropId);
    if (drop === undefined) return;
    this.#drops.delete(dropId);
    this.#bytes -= drop.bytes;
    this.#roomChanged();
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#drops.size > 0 && this.#bytes + bytes > this.#bytesMax) {
      if (!(await this.#evictOne())) await this.#roomChange();
    }
  }

  async #evictOne(): Promise<boolean> {
    const { size } = this.#drops;
    // A copy: drops that are used meanwhile go to the end and would come again.
    const drops = Array.from(this.#drops.values());
    for (const { evict } of drops) {
      await evict();
      if (this.#drops.size < size) return true;
    }
    return false;
  }

  #roomChange(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(EVICTION_RETRY_MS, resolve);
      this.#roomChanged = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
