// The slices and pauses of the orders that are due by themselves in one shard: the rest of a
// cancellation, and holds that end in great number. Openings and closings are few and never wait
// for this.

import type { Timer } from '../clock.ts';
import { UpkeepPace, type UpkeepShare } from '../upkeep.ts';

export interface DuePaceOptions {
  /** Of all shards of the process. */
  readonly share: UpkeepShare;
  /** Called when the pause is over. */
  readonly wake: () => void;
}

export class DuePace {
  readonly #share: UpkeepShare;
  readonly #pace: UpkeepPace;
  readonly #wake: () => void;
  #timer: Timer | null = null;

  constructor({ share, wake }: DuePaceOptions) {
    this.#share = share;
    this.#pace = new UpkeepPace(share);
    this.#wake = wake;
  }

  get isReady(): boolean {
    return this.#pace.isReady;
  }
  get isSpent(): boolean {
    return this.#pace.isSpent;
  }

  begin(): void {
    this.#pace.begin();
  }

  end(hasWork: boolean): void {
    this.#pace.end(hasWork);
  }

  /** Calls `wake` when the pause is over. */
  wait(): void {
    this.#timer ??= this.#share.clock.after(this.#pace.pauseMs, () => {
      this.#timer = null;
      this.#wake();
    });
  }

  /** The shard decides nothing for now. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#pace.rest();
  }
}
