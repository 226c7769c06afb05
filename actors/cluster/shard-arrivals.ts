// The target's side of a move: memory prepared while the source still serves, and the take-over
// once the source has ended admission. Several shards move at once, and only a take-over keeps
// buyers waiting: the others' preparation stands still for that long.

import type { Logger } from 'pino';
import type { Journal } from '../../storage/ports/journal.ts';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import type { MoveAnswer, NodeRun, TakeOver } from './move-protocol.ts';
import {
  continueRecovery,
  type RecoveredShard,
  recoverShard,
  turnOfOthers,
} from '../shard/recovery.ts';

/**
 * Shards prepared at the same time; each is memory that nobody uses yet. Past it the oldest is
 * forgotten: it costs time, not more.
 */
const WARM_MAX = 32;
/** How long prepared memory waits for its take-over. */
const WARM_KEPT_MS = 15_000;
/** The journal grows while it is replayed: this often what came meanwhile is replayed as well. */
const WARM_ROUNDS_MAX = 5;
/** So few entries are left to the take-over. */
const WARM_ENTRIES_LEFT_MAX = 8;
/** Between two looks whether take-overs have ended. */
const PAUSE_MS = 2;
/**
 * Of one preparation; then it goes on beside them, which may be waiting for a store that is away.
 */
const PAUSES_MAX = 500;

interface Warm {
  /** Null while it is being prepared. */
  memory: RecoveredShard | null;
  readonly timer: Timer;
}

export interface ShardArrivalsOptions {
  readonly self: NodeRun;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly placement: PlacementStore;
  /**
   * Serves the shard from now on, at this version; resolves when it serves, to null, or to why it
   * does not.
   */
  readonly serve: (
    shard: number,
    version: number,
    warm: RecoveredShard | null,
  ) => Promise<MoveAnswer>;
  /** Why this node takes no shards now; null when it does. */
  readonly refusal: () => string | null;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ShardArrivals {
  readonly #options: ShardArrivalsOptions;
  readonly #warm = new Map<number, Warm>();
  #takingOver = 0;

  constructor(options: ShardArrivalsOptions) {
    this.#options = options;
  }

  /** Errors: `corrupt`, `store-unavailable`. */
  async warm(shard: number): Promise<MoveAnswer> {
    const refused = this.#options.refusal();
    if (refused !== null) return refused;
    this.#drop(shard);
    if (this.#warm.size >= WARM_MAX) this.#drop(this.#warm.keys().next().value!);
    const warm: Warm = {
      memory: null,
      timer: this.#options.clock.after(WARM_KEPT_MS, () => this.#drop(shard)),
    };
    this.#warm.set(shard, warm);
    try {
      warm.memory = await this.#prepare(shard);
    } catch (error) {
      if (this.#warm.get(shard) === warm) this.#drop(shard);
      throw error;
    }
    return null;
  }

  async takeOver(request: TakeOver): Promise<MoveAnswer> {
    this.#takingOver += 1;
    try {
      return await this.#takeOver(request);
    } finally {
      this.#takingOver -= 1;
    }
  }

  async #takeOver({ shard, from, version }: TakeOver): Promise<MoveAnswer> {
    const { self, placement, serve, refusal } = this.#options;
    const memory = this.#warm.get(shard)?.memory ?? null;
    this.#drop(shard);
    const refused = refusal();
    if (refused !== null) return refused;
    const taken = await placement.moveShard(shard, from, self, version);
    if (taken === null) return 'the shard has gone elsewhere meanwhile';
    return await serve(shard, taken, memory);
  }

  stop(): void {
    for (const shard of this.#warm.keys()) this.#drop(shard);
  }

  async #prepare(shard: number): Promise<RecoveredShard> {
    const { journal, snapshots } = this.#options;
    let pausesLeft = PAUSES_MAX;
    const pause = async (): Promise<void> => {
      await turnOfOthers();
      while (this.#takingOver > 0 && pausesLeft-- > 0) {
        await new Promise<void>((resolve) => this.#options.clock.after(PAUSE_MS, resolve));
      }
    };
    const options = { shard, journal, snapshots, pause };
    let { lastSequence } = await journal.head(shard);
    let memory = await recoverShard({ ...options, lastSequence });
    for (let round = 0; round < WARM_ROUNDS_MAX; round++) {
      ({ lastSequence } = await journal.head(shard));
      if (lastSequence - memory.sequence <= WARM_ENTRIES_LEFT_MAX) break;
      memory = await continueRecovery(memory, { ...options, lastSequence });
    }
    return memory;
  }

  #drop(shard: number): void {
    this.#warm.get(shard)?.timer.cancel();
    this.#warm.delete(shard);
  }
}
