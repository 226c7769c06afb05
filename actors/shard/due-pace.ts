// How much of the event loop orders that are due by themselves may take: the rest of a
// cancellation, and holds that end in great number. They are decided in slices, and each slice is
// followed by a pause in proportion, so that their share of the loop is bounded however many
// orders, drops and shards have work due. Openings and closings are few and never wait for this.
//
// All shards of a process share one event loop and so one `DueShare`. Each paces itself, by the
// number of shards that have work: their slices become shorter and their pauses longer, the sum
// stays the same, and no shard waits for another's turn.

import type { Clock, Timer } from '../clock.ts';

/** The longest slice, of all shards together, between two looks at the other work of the loop. */
const SLICE_MS = 0.25;
/**
 * The share of the event loop while commands are decided. An event costs five times as much again
 * behind its decision (read models, their thread, garbage), and takes part in the fsyncs that
 * orders wait for.
 */
const SHARE_BESIDE_COMMANDS = 0.02;
/** The same while nobody orders anything in this process. */
const SHARE_ALONE = 0.2;

/** What the shards of one process tell each other. */
export class DueShare {
  /** Shards that have orders due. */
  shardsWithWork = 0;
  /** Commands that all shards have decided. */
  commandsDecided = 0;
}

export interface DuePaceOptions {
  readonly clock: Clock;
  readonly share: DueShare;
  /** Called when the pause is over. */
  readonly wake: () => void;
}

/** The slices and pauses of one shard. */
export class DuePace {
  readonly #clock: Clock;
  readonly #share: DueShare;
  readonly #wake: () => void;
  #hasWork = false;
  /** By the monotonic clock. */
  #pausedUntil = -Infinity;
  #sliceBegan = 0;
  #commandsDecided = 0;
  #timer: Timer | null = null;

  constructor({ clock, share, wake }: DuePaceOptions) {
    this.#clock = clock;
    this.#share = share;
    this.#wake = wake;
  }

  /** Whether the pause after the last slice is over. */
  get isReady(): boolean {
    return this.#clock.monotonic() >= this.#pausedUntil;
  }

  begin(): void {
    this.#sliceBegan = this.#clock.monotonic();
  }

  /** Whether the slice that began is used up. */
  get isSpent(): boolean {
    const sliceMs = SLICE_MS / Math.max(1, this.#share.shardsWithWork);
    return this.#clock.monotonic() - this.#sliceBegan >= sliceMs;
  }

  /** Ends the slice. `hasWork`: not everything that is due was decided, so a pause follows. */
  end(hasWork: boolean): void {
    this.#setWork(hasWork);
    const { commandsDecided, shardsWithWork } = this.#share;
    const isAlone = commandsDecided === this.#commandsDecided;
    this.#commandsDecided = commandsDecided;
    if (!hasWork) return;
    const now = this.#clock.monotonic();
    const share = (isAlone ? SHARE_ALONE : SHARE_BESIDE_COMMANDS) / shardsWithWork;
    this.#pausedUntil = now + (now - this.#sliceBegan) * (1 / share - 1);
  }

  /** Calls `wake` when the pause is over. */
  wait(): void {
    this.#timer ??= this.#clock.after(this.#pausedUntil - this.#clock.monotonic(), () => {
      this.#timer = null;
      this.#wake();
    });
  }

  /** The shard decides nothing for now. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#setWork(false);
  }

  #setWork(hasWork: boolean): void {
    if (hasWork === this.#hasWork) return;
    this.#hasWork = hasWork;
    this.#share.shardsWithWork += hasWork ? 1 : -1;
  }
}
