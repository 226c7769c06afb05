// The target's side of a move. The target prepares the shard's memory while the source still
// serves, and takes the shard over once the source has ended admission. Several shards move at
// once. Only a take-over makes buyers wait, so preparations pause while a take-over runs.

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
 * Prepared shards, each of which takes memory. Past the bound the oldest is evicted: its take-over
 * then takes longer, because it replays snapshot and journal.
 */
const WARM_MAX = 32;
/** Prepared memory without a take-over is evicted after this time. */
const WARM_TTL_MS = 15_000;
/** The journal grows during the replay: up to this often the new entries are replayed as well. */
const WARM_ROUNDS_MAX = 5;
/** At most this many entries are left for the take-over to replay. */
const WARM_ENTRIES_LEFT_MAX = 8;
/** How often a paused preparation checks whether the take-overs have ended. */
const PAUSE_MS = 2;
/**
 * Pauses of one preparation. Past the bound it goes on beside the take-overs, because these may
 * wait for a store that does not answer.
 */
const PAUSES_MAX = 500;

interface Warm {
  /** Null during the preparation. */
  memory: RecoveredShard | null;
  readonly timer: Timer;
}

export interface ShardArrivalsOptions {
  readonly self: NodeRun;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly placement: PlacementStore;
  /** Starts the shard at this version. Resolves to null when it serves, else to the reason. */
  readonly serve: (
    shard: number,
    version: number,
    warm: RecoveredShard | null,
  ) => Promise<MoveAnswer>;
  /** Why this node takes no shard now; null if it does. */
  readonly refusal: () => string | null;
  readonly clock: Clock;
}

export class ShardArrivals {
  readonly #options: ShardArrivalsOptions;
  readonly #warm = new Map<number, Warm>();
  #takingOver = 0;

  constructor(options: ShardArrivalsOptions) {
    this.#options = options;
  }

  /** Replays the shard into memory, for `takeOver`. Errors: `corrupt`, `store-unavailable`. */
  async warm(shard: number): Promise<MoveAnswer> {
    const refused = this.#options.refusal();
    if (refused !== null) return refused;
    this.#evict(shard);
    if (this.#warm.size >= WARM_MAX) this.#evict(this.#warm.keys().next().value!);
    const warm: Warm = {
      memory: null,
      timer: this.#options.clock.after(WARM_TTL_MS, () => this.#evict(shard)),
    };
    this.#warm.set(shard, warm);
    try {
      warm.memory = await this.#prepare(shard);
    } catch (error) {
      if (this.#warm.get(shard) === warm) this.#evict(shard);
      throw error;
    }
    return null;
  }

  /** Claims the shard at the version in the request. Errors: `store-unavailable`. */
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
    this.#evict(shard);
    const refused = refusal();
    if (refused !== null) return refused;
    const taken = await placement.moveShard(shard, from, self, version);
    if (taken === null) return 'another node has taken the shard';
    return await serve(shard, taken, memory);
  }

  stop(): void {
    for (const shard of this.#warm.keys()) this.#evict(shard);
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

  #evict(shard: number): void {
    this.#warm.get(shard)?.timer.cancel();
    this.#warm.delete(shard);
  }
}
