// What the listeners of one drop are told, and when (N3, N6). Milestones go out at once; mere
// changes of stock are gathered into at most one tick each `tickMs`, and the last state always goes
// out. All frames share one line of rising versions: whatever would repeat or step back is left
// out. No timers here: the owner asks `dueAt` and calls `tick`.

import type { Milestone } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { DropFrameType } from '../../contracts/live.ts';

/** Who sends the frames: called in the order of their versions, from inside `accept` and `tick`. */
export interface DropFrameSink {
  frame(type: DropFrameType, view: DropView): void;
}

export interface ConflatorOptions {
  /** Where the line of versions begins: what the first snapshot shows. */
  readonly view: DropView;
  readonly tickMs: number;
  /** A tick is never due later than this after the change it tells. */
  readonly waitMsMax: number;
  /** When there is room for the next tick, in the time of `accept`. */
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
   * The drop as the last frame showed it. A snapshot for a late subscriber shows this one: every
   * later frame is newer.
   */
  get published(): DropView {
    return this.#published;
  }

  /** When `tick` should be called next, in the time of `accept`; null while nothing waits. */
  get dueAt(): number | null {
    return this.#dueAt;
  }

  /**
   * Takes the drop's newest view, and the milestones passed on the way, oldest first. Repeated and
   * late ones change nothing.
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
    // Once a tick is due it stays so: others that go first may not put it off again and again.
    this.#dueAt = Math.min(
      this.#dueAt ?? Math.max(this.#tickedAt + this.#tickMs, this.#pace.freeAt),
      now + this.#waitMsMax,
    );
    this.tick(now);
  }

  /** Sends the pending state if it is due. */
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
   * Stock that swings around its end would send these two with each order: a second one so soon is
   * left to the tick.
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
