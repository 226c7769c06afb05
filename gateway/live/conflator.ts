// Decides which frames the subscribers of one drop get, and when (N3, N6). Milestones are published
// at once. Changes of stock are conflated into at most one tick each `tickMs`, and the last state
// is always published. Versions only rise: a frame that would repeat or lower the version is left
// out. The conflator has no timer: its owner reads `dueAt` and calls `tick`.

import type { Milestone } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { DropFrameType } from '../../contracts/live.ts';

/** Publishes the frames. `accept` and `tick` call it synchronously, in the order of versions. */
export interface DropFrameSink {
  frame(type: DropFrameType, view: DropView): void;
}

export interface ConflatorOptions {
  /** The view that the first snapshot shows. Later frames have higher versions. */
  readonly view: DropView;
  readonly tickMs: number;
  /** The longest time from a change to the tick that shows it. */
  readonly waitMsMax: number;
  /** The earliest time of the next tick, on the clock that `accept` gets. */
  readonly pace: { readonly freeAt: number };
  readonly sink: DropFrameSink;
}

const NEVER = Number.NEGATIVE_INFINITY;

export class Conflator {
  readonly #tickMs: number;
  readonly #waitMsMax: number;
  readonly #pace: { readonly freeAt: number };
  readonly #sink: DropFrameSink;
  #published: DropView;
  #latest: DropView;
  #tickedAt = NEVER;
  #soldOutAt = NEVER;
  #lowStockAt = NEVER;
  #dueAt: number | null = null;

  constructor(options: ConflatorOptions) {
    this.#tickMs = options.tickMs;
    this.#waitMsMax = Math.max(options.waitMsMax, options.tickMs);
    this.#pace = options.pace;
    this.#sink = options.sink;
    this.#published = options.view;
    this.#latest = options.view;
  }

  /**
   * The view in the last published frame. A late subscriber's snapshot shows this view, so every
   * later frame is newer.
   */
  get published(): DropView {
    return this.#published;
  }

  /**
   * The time at which to call `tick`, on the clock that `accept` gets; null while nothing waits.
   */
  get dueAt(): number | null {
    return this.#dueAt;
  }

  /**
   * Takes the drop's newest view and the milestones on the way to it, oldest first. Views and
   * milestones that repeat or come late change nothing.
   */
  accept(view: DropView, milestones: readonly Milestone[], now: number): void {
    for (const milestone of milestones) {
      if (milestone.view.version <= this.#published.version) continue;
      this.#advance(milestone.view);
      if (this.#isRepeat(milestone, now)) continue;
      this.#publish(`drop.${milestone.type}`, milestone.view);
    }
    this.#advance(view);
    if (this.#latest.version <= this.#published.version) {
      this.#dueAt = null;
      return;
    }
    // The due time is set once: other frames may not delay the tick again and again.
    this.#dueAt = Math.min(
      this.#dueAt ?? Math.max(this.#tickedAt + this.#tickMs, this.#pace.freeAt),
      now + this.#waitMsMax,
    );
    this.tick(now);
  }

  /** Publishes the pending state if it is due. */
  tick(now: number): void {
    if (this.#dueAt === null || now < this.#dueAt) return;
    this.#dueAt = null;
    this.#tickedAt = now;
    this.#publish('drop.stock', this.#latest);
  }

  #advance(view: DropView): void {
    if (view.version > this.#latest.version) this.#latest = view;
  }

  #publish(type: DropFrameType, view: DropView): void {
    this.#published = view;
    this.#sink.frame(type, view);
  }

  /**
   * Stock that rises and falls around zero or around the low-stock level would publish one of these
   * with each order. Within `tickMs` of the last one, the tick shows the state instead.
   */
  #isRepeat(milestone: Milestone, now: number): boolean {
    if (milestone.type === 'sold_out') {
      if (now - this.#soldOutAt < this.#tickMs) return true;
      this.#soldOutAt = now;
    } else if (milestone.type === 'low_stock') {
      if (now - this.#lowStockAt < this.#tickMs) return true;
      this.#lowStockAt = now;
    }
    return false;
  }
}
