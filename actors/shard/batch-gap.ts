// The pause of a shard between two small journal entries, so that the orders of a millisecond share
// one. An entry has a price whatever is in it: a commit with its fsync, two wake-ups, a call, a
// frame, a group of the lists. With 12,000 orders a second at fixed times 409 entries a second took
// the place of 873, and an order 0.88 of the CPU time, medians of nine rounds on one core. With 64
// and 512 connections, where entries are large, nothing changes
// (`docs/decisions/117-small-entries-wait.md`).
//
// Nobody waits who is alone, and nobody where enough wait already. The pause begins when an entry
// is durable, and so lasts for a part of a commit at most where the disk is slow.

import type { Clock, Timer } from '../clock.ts';

/** In the compositions. Timers end up to a millisecond later. */
export const BATCH_GAP_MS = 1;
/** An entry for so many commands is not small. */
const COMMANDS_ENOUGH = 32;
/** Of the last entry and the next together: one client that orders again and again. */
const COMMANDS_ALONE_MAX = 2;

export interface BatchGapOptions {
  /** 0: no pauses. */
  readonly gapMs: number;
  readonly clock: Clock;
  /** Called when the pause is over. */
  readonly wake: () => void;
}

export class BatchGap {
  readonly #options: BatchGapOptions;
  #timer: Timer | null = null;
  /** When the pause ends, on the monotonic clock. */
  #endsAt = -Infinity;
  #lastEvents = 0;

  constructor(options: BatchGapOptions) {
    this.#options = options;
  }

  /** An entry with so many events became durable. */
  begin(events: number): void {
    const { gapMs, clock } = this.#options;
    if (gapMs === 0) return;
    this.stop();
    this.#lastEvents = events;
    this.#endsAt = clock.monotonic() + gapMs;
  }

  /** Whether so many commands wait for the end of the pause. */
  holds(commands: number): boolean {
    if (this.#endsAt === -Infinity || commands >= COMMANDS_ENOUGH) return false;
    if (this.#lastEvents + commands <= COMMANDS_ALONE_MAX) return false;
    return this.#options.clock.monotonic() < this.#endsAt;
  }

  /** Calls `wake` when the pause is over. */
  wait(): void {
    const { gapMs, clock, wake } = this.#options;
    this.#timer ??= clock.after(gapMs, () => {
      this.#timer = null;
      this.#endsAt = -Infinity;
      wake();
    });
  }

  /** The shard decides nothing for now. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#endsAt = -Infinity;
  }
}
