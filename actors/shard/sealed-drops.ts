// Drops that are over, with no hold open, leave memory when no command was about them for a while:
// each is sealed, which is to say written once, in one piece of its own, and evicted. A command
// about a sealed drop loads it again, one load for each drop however many commands wait for it.

import type { Logger } from 'pino';
import type { DropState } from '../../domain/drop-state.ts';
import { refusal } from '../../domain/refusal.ts';
import {
  copyDrop,
  type DropCopy,
  decodeSealedDrop,
  encodeSealedDrop,
} from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import { turnOfOthers } from './recovery.ts';
import type { WaitingCommand } from './shard-batch.ts';
import type { ShardDrops } from './shard-drops.ts';
import type { ShardLoop } from './shard-loop.ts';
import type { OutputGate } from './shard-output.ts';
import type { ShardReply } from './shard-reply.ts';

/** How long a drop that is over stays in memory after the last command about it. */
const SEAL_AFTER_IDLE_MS = 30_000;
/** Commands that may wait for loads in a shard; past it they are refused as `overloaded` (H6). */
const LOADING_COMMANDS_MAX = 1024;
const UNAVAILABLE: ShardReply = refusal('unavailable');

export interface SealedDropsOptions {
  readonly shard: number;
  readonly loop: ShardLoop;
  readonly drops: ShardDrops;
  readonly gate: OutputGate;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  readonly log: Logger;
}

export class SealedDrops {
  readonly #shard: number;
  readonly #loop: ShardLoop;
  readonly #drops: ShardDrops;
  readonly #gate: OutputGate;
  readonly #snapshots: SnapshotStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Drops in memory that are over, and the monotonic time of the last change or command. */
  readonly #touchedAt = new Map<string, number>();
  /** Runs until the next sealing, and stays set during it; null: there is nothing to seal. */
  #timer: Timer | null = null;
  /** By drop: the commands that wait for its load. */
  readonly #loads = new Map<string, WaitingCommand[]>();
  #loadingCommands = 0;
  /** Raised by `clear`, so that a load can tell whether memory was cleared since it began. */
  #generation = 0;

  constructor(options: SealedDropsOptions) {
    this.#shard = options.shard;
    this.#loop = options.loop;
    this.#drops = options.drops;
    this.#gate = options.gate;
    this.#snapshots = options.snapshots;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * A drop in memory that is over has changed, or there is a command about it: its idle time
   * begins.
   */
  touch(dropId: string): void {
    this.#touchedAt.set(dropId, this.#clock.monotonic());
    if (this.#timer === null) this.#startTimer();
  }

  /**
   * Queues a command until its drop is loaded; then the loop gets all commands that waited. False
   * where too many wait already.
   */
  enqueue(waiting: WaitingCommand): boolean {
    if (this.#loadingCommands >= LOADING_COMMANDS_MAX) return false;
    this.#loadingCommands += 1;
    const { dropId } = waiting.command;
    const queued = this.#loads.get(dropId);
    if (queued === undefined) {
      this.#loads.set(dropId, [waiting]);
      void this.#loadQueued(dropId);
    } else {
      queued.push(waiting);
    }
    return true;
  }

  /** Memory is cleared. Commands that wait for a load go on waiting. */
  clear(): void {
    this.#generation += 1;
    this.#touchedAt.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Never rejects. */
  async #loadQueued(dropId: string): Promise<void> {
    const generation = this.#generation;
    let state: DropState | null;
    try {
      const bytes = await this.#snapshots.loadSealedDrop(dropId);
      state = bytes === null ? null : await decodeSealedDrop(bytes, turnOfOthers);
    } catch (error) {
      this.#log.error({ err: error, shard: this.#shard, dropId }, 'a sealed drop was not loaded');
      for (const one of this.#takeQueued(dropId)) one.slots.complete(one.index, UNAVAILABLE);
      return;
    }
    const queued = this.#takeQueued(dropId);
    // What was read before memory was cleared may be older than what the journal has by now.
    if (generation === this.#generation && this.#loop.isDeciding) this.#loop.loaded(state, queued);
    else this.#loop.submitAgain(queued);
  }

  #takeQueued(dropId: string): readonly WaitingCommand[] {
    const queued = this.#loads.get(dropId)!;
    this.#loads.delete(dropId);
    this.#loadingCommands -= queued.length;
    return queued;
  }

  #startTimer(): void {
    const timer = this.#clock.after(SEAL_AFTER_IDLE_MS, () => void this.#sealIdle(timer));
    this.#timer = timer;
  }

  /** Never rejects. */
  async #sealIdle(timer: Timer): Promise<void> {
    const idleSince = this.#clock.monotonic() - SEAL_AFTER_IDLE_MS;
    for (const [dropId, touchedAt] of this.#touchedAt) {
      if (touchedAt > idleSince || !this.#loop.isDeciding) continue;
      try {
        await this.#seal(dropId);
      } catch (error) {
        // Memory was cleared meanwhile.
        if (!this.#touchedAt.has(dropId)) continue;
        const details = { err: error, shard: this.#shard, dropId };
        this.#log.warn(details, 'a drop that is over could not be sealed yet');
        this.#touchedAt.set(dropId, this.#clock.monotonic());
      }
    }
    // Where memory was cleared meanwhile, the next `touch` has started a timer of its own.
    if (this.#timer !== timer) return;
    this.#timer = null;
    if (this.#touchedAt.size > 0) this.#startTimer();
  }

  /** Errors: `store-unavailable`. */
  async #seal(dropId: string): Promise<void> {
    // Copied at the durable moment itself: the next batch may be decided right after it.
    const copied = await this.#gate.atDurable(() => copyOf(this.#drops.find(dropId)));
    if (copied === null) {
      this.#touchedAt.delete(dropId);
      return;
    }
    const { state, version, copy } = copied;
    const bytes = await encodeSealedDrop(copy, turnOfOthers);
    await this.#snapshots.saveSealedDrop(dropId, version, bytes);
    await this.#gate.atDurable(() => {
      // It stays where it changed, where memory was made anew, and where a command that found it in
      // memory is still to be decided.
      if (this.#drops.find(dropId) !== state || state.version !== version) return;
      if (this.#loop.hasWaiting(dropId)) return;
      this.#touchedAt.delete(dropId);
      this.#drops.evict(dropId);
    });
  }
}

interface Copied {
  readonly state: DropState;
  readonly version: number;
  readonly copy: DropCopy;
}

/** Null where there is nothing to seal. */
function copyOf(state: DropState | undefined): Copied | null {
  if (state === undefined || !state.isOver) return null;
  return { state, version: state.version, copy: copyDrop(state) };
}
