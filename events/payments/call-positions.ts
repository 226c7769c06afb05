// The positions of a consumer whose work is calls that finish in any order. A shard's position is
// the last entry before the first one with an unfinished call. Positions are stored late and
// together: after a crash the calls of that time are made again.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import { Queue } from '../queue.ts';
import type { WarningLog } from '../warning-log.ts';

export interface CallPositionsOptions {
  readonly consumer: string;
  readonly positions: ConsumerPositions;
  readonly clock: Clock;
  readonly log: WarningLog;
}

/** Consecutive entries of one shard's journal: the first one needs calls, the others need none. */
export interface Stretch {
  readonly shard: number;
  through: number;
  callsLeft: number;
}

interface ShardProgress {
  /** The last taken sequence. */
  taken: number;
  /** Entries with calls in progress, in rising order. The first one limits the position. */
  readonly stretches: Queue<Stretch>;
  newest: Stretch | null;
}

const SAVE_DELAY_MS = 1_000;

export class CallPositions {
  readonly #options: CallPositionsOptions;
  readonly #shards = new Map<number, ShardProgress>();
  /** Shards whose position advanced since it was stored. */
  #unsaved = new Map<number, number>();
  #saveTimer: Timer | null = null;
  #saving: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: CallPositionsOptions) {
    this.#options = options;
  }

  /** Takes an entry. Null: it was taken before. */
  begin(shard: number, sequence: number): Stretch | null {
    let progress = this.#shards.get(shard);
    if (progress === undefined) {
      progress = { taken: 0, stretches: new Queue(), newest: null };
      this.#shards.set(shard, progress);
    }
    if (sequence <= progress.taken) return null;
    progress.taken = sequence;
    return { shard, through: sequence, callsLeft: 0 };
  }

  /** All calls of the entry are counted in `callsLeft`. */
  commit(stretch: Stretch): void {
    const { shard, through } = stretch;
    const progress = this.#shards.get(shard)!;
    if (stretch.callsLeft > 0) {
      progress.stretches.push(stretch);
      progress.newest = stretch;
    } else if (progress.newest !== null) {
      progress.newest.through = through;
    } else {
      this.#moveTo(shard, through);
    }
  }

  /** One call of the stretch does not hold the position any more. */
  release(stretch: Stretch): void {
    stretch.callsLeft -= 1;
    if (stretch.callsLeft > 0) return;
    const { shard } = stretch;
    const progress = this.#shards.get(shard)!;
    while (progress.stretches.peek()?.callsLeft === 0)
      this.#moveTo(shard, progress.stretches.shift()!.through);
    if (progress.stretches.length === 0) progress.newest = null;
  }

  /** Stores the positions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#saveTimer?.cancel();
    this.#saveTimer = null;
    await this.#saving;
    await this.#save();
  }

  #moveTo(shard: number, sequence: number): void {
    this.#unsaved.set(shard, sequence);
    this.#saveLater();
  }

  #saveLater(): void {
    if (this.#stopped || this.#saveTimer !== null) return;
    this.#saveTimer = this.#options.clock.after(SAVE_DELAY_MS, () => {
      this.#saveTimer = null;
      this.#saving = this.#saving.then(() => this.#save());
    });
  }

  /**
   * Never rejects: positions that could not be stored are stored next time. Until then they only
   * repeat work.
   */
  async #save(): Promise<void> {
    const { consumer, positions, log } = this.#options;
    const unsaved = this.#unsaved;
    if (unsaved.size === 0) return;
    this.#unsaved = new Map();
    try {
      const moved = [...unsaved].map(([shard, sequence]) => ({ shard, sequence }));
      await positions.save(consumer, moved);
    } catch (error) {
      log.warn({ err: error }, `positions of the ${consumer} consumer were not kept`);
      for (const [shard, sequence] of unsaved) {
        if (!this.#unsaved.has(shard)) this.#unsaved.set(shard, sequence);
      }
      this.#saveLater();
    }
  }
}
