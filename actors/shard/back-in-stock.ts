// Paces `drop.back_in_stock` (N2a): at most one a second for each drop, by the owner. One that
// comes too early waits until the second is over, and is published then if units are still free.
// Otherwise followers, who get no stock ticks, would be left with `sold_out`.

import type { MilestoneType } from '../../contracts/drops.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Milestone } from '../live-bus.ts';

/** Between two of one drop. */
const INTERVAL_MS = 1_000;
/**
 * Drops of one shard that came back within the last second. Past it a drop's return is published as
 * stock ticks only, and a restock as `restocked`.
 */
const DROPS_MAX = 2_000;
/** Nodes below it do not know the milestone. */
const BACK_IN_STOCK_LEVEL = 2;

/** A milestone of a batch, before it is known whether it may be published. */
export interface DecidedMilestone extends Milestone {
  /** The creator added units. */
  readonly isRestock: boolean;
}

interface Return {
  /** Monotonic. */
  readonly at: number;
  /** One more came within the second, and is not published yet. */
  waits: boolean;
}

export class BackInStock {
  readonly #clock: Clock;
  readonly #levels: FeatureLevels;
  readonly #publish: (dropId: string) => 'published' | 'withheld' | 'outdated';
  /** By drop, the oldest first. */
  readonly #returns = new Map<string, Return>();
  #timer: Timer | null = null;

  constructor(options: {
    readonly clock: Clock;
    readonly levels: FeatureLevels;
    /**
     * Publishes that the drop is back: `outdated` where it has no free units any more, `withheld`
     * where nothing may be published now.
     */
    readonly publish: (dropId: string) => 'published' | 'withheld' | 'outdated';
  }) {
    this.#clock = options.clock;
    this.#levels = options.levels;
    this.#publish = options.publish;
  }

  /** The milestones to publish of those that one entry brought; `free` is as after the entry. */
  admit(
    dropId: string,
    free: number,
    milestones: readonly DecidedMilestone[],
  ): readonly Milestone[] {
    if (!milestones.some(isReturn)) return milestones;
    const admitted: Milestone[] = [];
    for (const milestone of milestones) {
      const type = isReturn(milestone)
        ? this.#admitReturn(dropId, free, milestone.isRestock)
        : milestone.type;
      if (type !== null) admitted.push({ type, view: milestone.view });
    }
    return admitted;
  }

  /** Nothing may be published now: a return among the milestones waits. */
  withhold(dropId: string, milestones: readonly DecidedMilestone[]): void {
    if (milestones.some(isReturn) && this.#isKnown) this.#wait(dropId);
  }

  clear(): void {
    this.#returns.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  get #isKnown(): boolean {
    return this.#levels.reached() >= BACK_IN_STOCK_LEVEL;
  }

  /** Units that other orders of the same entry took were never free for anybody. */
  #admitReturn(dropId: string, free: number, isRestock: boolean): MilestoneType | null {
    const instead = isRestock ? 'restocked' : null;
    if (!this.#isKnown || free === 0) return instead;
    if (!this.#returns.has(dropId) && this.#returns.size < DROPS_MAX) {
      this.#set(dropId, false);
      return 'back_in_stock';
    }
    if (!isRestock) this.#wait(dropId);
    return instead;
  }

  #wait(dropId: string): void {
    const last = this.#returns.get(dropId);
    if (last !== undefined) last.waits = true;
    else if (this.#returns.size < DROPS_MAX) this.#set(dropId, true);
  }

  #set(dropId: string, waits: boolean): void {
    this.#returns.set(dropId, { at: this.#clock.monotonic(), waits });
    this.#startTimer();
  }

  #startTimer(): void {
    if (this.#timer !== null) return;
    for (const { at } of this.#returns.values()) {
      const delayMs = at + INTERVAL_MS - this.#clock.monotonic();
      this.#timer = this.#clock.after(Math.max(1, delayMs), () => {
        this.#timer = null;
        this.#endIntervals();
      });
      return;
    }
  }

  #endIntervals(): void {
    const now = this.#clock.monotonic();
    for (const [dropId, { at, waits }] of this.#returns) {
      if (now < at + INTERVAL_MS) break;
      this.#returns.delete(dropId);
      if (!waits) continue;
      const outcome = this.#publish(dropId);
      if (outcome !== 'outdated')
        this.#returns.set(dropId, { at: now, waits: outcome === 'withheld' });
    }
    this.#startTimer();
  }
}

function isReturn({ type }: Milestone): boolean {
  return type === 'back_in_stock';
}
