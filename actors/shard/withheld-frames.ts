// Drops whose live frame was withheld because the lease had run out by the time their entry was durable. Where the lease comes back
// with the shard still here, nobody else has shown them, and a drop that then rests would stay as it was before for everybody who
// watches (N3).

import type { Clock, Timer } from '../clock.ts';
import type { Lease } from '../cluster/lease.ts';

const LOOK_INTERVAL_MS = 250;

export interface WithheldFramesOptions {
  readonly clock: Clock;
  readonly lease: Lease;
  /** Shows the drop as it is by now. */
  readonly show: (dropId: string) => void;
}

export class WithheldFrames {
  readonly #options: WithheldFramesOptions;
  readonly #dropIds = new Set<string>();
  #timer: Timer | null = null;

  constructor(options: WithheldFramesOptions) {
    this.#options = options;
  }

  add(dropId: string): void {
    this.#dropIds.add(dropId);
    this.#timer ??= this.#options.clock.after(LOOK_INTERVAL_MS, () => this.#look());
  }

  clear(): void {
    this.#dropIds.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #look(): void {
    const { clock, lease, show } = this.#options;
    if (!lease.valid()) {
      this.#timer = clock.after(LOOK_INTERVAL_MS, () => this.#look());
      return;
    }
    const dropIds = [...this.#dropIds];
    this.clear();
    for (const dropId of dropIds) show(dropId);
  }
}
