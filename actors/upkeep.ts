// Upkeep: work that a node does beside the sale, and that gives way to it. Orders that come due by
// themselves, verify and rebuild, loading and sealing of drops that are over, merging of user rows,
// archiving. It is done in slices of time, each followed by a pause in proportion, so that it takes
// a bounded share of its thread. While commands are decided in this process that share is small;
// some upkeep then waits altogether, for a bounded time (decision 048).
//
// Each kind of upkeep has an `UpkeepShare`, and each piece of work of that kind, such as that of
// one shard, a pace of its own. The pieces that have work at the same time divide slice and share:
// their slices become shorter and their pauses longer, the sum stays the same, and none waits for
// another's turn.

import type { Pause } from '../storage/formats/steps.ts';
import type { Pace } from '../storage/ports/pace.ts';
import type { Clock, Timer } from './clock.ts';
import type { SaleMeter } from './sale-meter.ts';

/** Commands were decided lately, so nothing else may be quick: from the last one that was seen. */
const SALE_LASTS_MS = 100;
/**
 * A slice counts as no longer than this: what took longer waited for a disk or for another node.
 */
const WORK_MS_MAX = 20;
/** Between two looks whether a sale that work waits for is over. */
const SALE_CHECK_INTERVAL_MS = 100;

export interface UpkeepLimits {
  /** Work without a pause, of all pieces together. */
  readonly sliceMs: number;
  /** The share of the thread while commands are decided in this process. */
  readonly shareBesideSale: number;
  /** The same while none are. 1: only what else is due has its turn. */
  readonly shareAlone: number;
  /** How long the work waits for the end of a sale; 0: not at all. */
  readonly deferralMsMax: number;
}

export interface UpkeepShareOptions {
  readonly limits: UpkeepLimits;
  readonly meter: SaleMeter;
  readonly clock: Clock;
  /** What slices take is measured by this clock, in ms. Default: `clock.monotonic`. */
  readonly workMs?: () => number;
}

/** The upkeep of one kind in a thread. */
export class UpkeepShare {
  readonly limits: UpkeepLimits;
  readonly clock: Clock;
  readonly workMs: () => number;
  /** Pieces that have work. */
  piecesWithWork = 0;
  readonly #meter: SaleMeter;
  #commandsSeen = 0;
  #saleSeenAt = -Infinity;

  constructor({ limits, meter, clock, workMs }: UpkeepShareOptions) {
    this.limits = limits;
    this.clock = clock;
    this.workMs = workMs ?? (() => clock.monotonic());
    this.#meter = meter;
  }

  /** Whether commands were decided in this process just now. */
  isSelling(): boolean {
    const now = this.clock.monotonic();
    const { commands } = this.#meter;
    if (commands !== this.#commandsSeen) this.#saleSeenAt = now;
    this.#commandsSeen = commands;
    return now - this.#saleSeenAt < SALE_LASTS_MS;
  }

  /** Does a piece of work in steps, between two of which it awaits `pause`. */
  async inSlices<T>(work: (pause: Pause) => Promise<T>): Promise<T> {
    const pace = new UpkeepPace(this);
    pace.begin();
    try {
      return await work(() => pace.pause());
    } finally {
      pace.rest();
    }
  }
}

/** The slices and pauses of one piece of work. */
export class UpkeepPace implements Pace {
  readonly #share: UpkeepShare;
  #hasWork = false;
  /** Of this slice, up to the last turn of others in it; and when the work went on after that. */
  #workedMs = 0;
  #resumedAt = 0;
  /** By the monotonic clock. */
  #pausedUntil = -Infinity;
  /** When the work waited first, of what is left of it; null: it did not. */
  #deferredAt: number | null = null;
  #isStopped = false;
  #endWait: () => void = () => undefined;

  constructor(share: UpkeepShare) {
    this.#share = share;
  }

  /** Whether the pause after the last slice is over. */
  get isReady(): boolean {
    return this.pauseMs <= 0;
  }
  /** What is left of the pause. */
  get pauseMs(): number {
    return this.#pausedUntil - this.#share.clock.monotonic();
  }
  /** Whether the slice that began is used up. */
  get isSpent(): boolean {
    const { limits, piecesWithWork } = this.#share;
    return this.#worked >= limits.sliceMs / Math.max(1, piecesWithWork);
  }

  begin(): void {
    this.#workedMs = 0;
    this.#resumedAt = this.#share.workMs();
  }

  /** Ends the slice. `hasWork`: not everything is done, so a pause follows. */
  end(hasWork: boolean): void {
    this.#setWork(hasWork);
    if (!hasWork) return;
    const { limits, piecesWithWork, clock } = this.#share;
    const share = this.#share.isSelling() ? limits.shareBesideSale : limits.shareAlone;
    const worked = Math.min(this.#worked, WORK_MS_MAX);
    this.#pausedUntil = clock.monotonic() + worked * (piecesWithWork / share - 1);
  }

  /** For work in steps: to be awaited between two of them. */
  async pause(): Promise<void> {
    if (this.isSpent) {
      this.end(true);
      await this.#wait(this.pauseMs);
      this.begin();
      return;
    }
    this.#workedMs = this.#worked;
    await this.#wait(0);
    this.#resumedAt = this.#share.workMs();
  }

  async giveWay(isUrgent: () => boolean): Promise<void> {
    if (this.#hasWork) this.end(true);
    this.#setWork(true);
    while (!this.isReady && !this.#isStopped) await this.#wait(this.pauseMs);
    while (!isUrgent() && this.#isDeferred()) await this.#wait(SALE_CHECK_INTERVAL_MS);
    this.begin();
  }

  rest(): void {
    this.#deferredAt = null;
    this.#setWork(false);
  }

  stop(): void {
    this.#isStopped = true;
    this.#endWait();
    this.rest();
  }

  get #worked(): number {
    return this.#workedMs + this.#share.workMs() - this.#resumedAt;
  }

  #isDeferred(): boolean {
    const { limits, clock } = this.#share;
    if (this.#isStopped || !this.#share.isSelling()) return false;
    this.#deferredAt ??= clock.monotonic();
    return clock.monotonic() - this.#deferredAt < limits.deferralMsMax;
  }

  /** Everything else that is due has its turn in any case, after a stop too. */
  async #wait(ms: number): Promise<void> {
    if (this.#isStopped || ms <= 0)
      return await new Promise((resolve) => void setImmediate(resolve));
    let timer: Timer | null = null;
    await new Promise<void>((resolve) => {
      this.#endWait = resolve;
      timer = this.#share.clock.after(ms, resolve);
    });
    timer!.cancel();
    this.#endWait = () => undefined;
  }

  #setWork(hasWork: boolean): void {
    if (hasWork === this.#hasWork || (hasWork && this.#isStopped)) return;
    this.#hasWork = hasWork;
    this.#share.piecesWithWork += hasWork ? 1 : -1;
  }
}
