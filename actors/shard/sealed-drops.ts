// Drops that are over, with no hold open, leave memory when no command was about them for a while:
// each is sealed, which is to say what is not stored of it is written, and evicted. Reads of a
// sealed drop are answered from what is stored (`actors/shard/sealed-reads.ts`). Any other command
// loads it again, one load for each drop however many commands wait for it; loaded drops have a
// bound in bytes (`actors/shard/loaded-drops.ts`), and leave without a write if they did not
// change.

import type { Logger } from 'pino';
import type { PlaceOrder } from '../../contracts/commands.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { refusal } from '../../domain/refusal.ts';
import {
  decodeSealedHead,
  restoreSealedDrop,
  sealDrop,
} from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import type { LoadedDrops } from './loaded-drops.ts';
import { mayBeAnswered, type OrderRows, type ReadCommand, SealedReads } from './sealed-reads.ts';
import type { WaitingCommand } from './shard-batch.ts';
import type { ShardDrops } from './shard-drops.ts';
import type { ShardLoop } from './shard-loop.ts';
import type { OutputGate } from './shard-output.ts';
import type { ShardReply } from './shard-reply.ts';
import type { ShardUpkeep } from './shard-upkeep.ts';

/** How long a drop that is over stays in memory after the last command about it. */
const SEAL_AFTER_IDLE_MS = 30_000;
/**
 * Commands that may wait for loads and reads in a shard; past it they are refused as `overloaded`
 * (H6).
 */
const WAITING_COMMANDS_MAX = 1024;
const UNAVAILABLE: ShardReply = refusal('unavailable');

export interface SealedDropsOptions {
  readonly shard: number;
  readonly loop: ShardLoop;
  readonly drops: ShardDrops;
  readonly gate: OutputGate;
  readonly snapshots: SnapshotStore;
  readonly orderRows: OrderRows;
  /** Of all shards of the process. */
  readonly loadedDrops: LoadedDrops;
  readonly upkeep: ShardUpkeep;
  readonly clock: Clock;
  readonly log: Logger;
}

export class SealedDrops {
  readonly #shard: number;
  readonly #loop: ShardLoop;
  readonly #drops: ShardDrops;
  readonly #gate: OutputGate;
  readonly #snapshots: SnapshotStore;
  readonly #reads: SealedReads;
  readonly #loadedDrops: LoadedDrops;
  readonly #upkeep: ShardUpkeep;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Drops in memory that are over, and the monotonic time of the last change or command. */
  readonly #touchedAt = new Map<string, number>();
  /** Runs until the next sealing, and stays set during it; null: there is nothing to seal. */
  #timer: Timer | null = null;
  /** By drop: the commands that wait for its load. */
  readonly #loads = new Map<string, WaitingCommand[]>();
  readonly #sealing = new Set<string>();
  /** Drops in memory that were loaded. */
  readonly #loaded = new Set<string>();
  #waitingCommands = 0;
  /** Raised by `clear`, so that a load can tell whether memory was cleared since it began. */
  #generation = 0;

  constructor(options: SealedDropsOptions) {
    this.#shard = options.shard;
    this.#loop = options.loop;
    this.#drops = options.drops;
    this.#gate = options.gate;
    this.#snapshots = options.snapshots;
    this.#reads = new SealedReads(options);
    this.#loadedDrops = options.loadedDrops;
    this.#upkeep = options.upkeep;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * A drop in memory that is over has changed, or there is a command about it that is no read: its
   * idle time begins.
   */
  touch(dropId: string): void {
    this.#touchedAt.set(dropId, this.#clock.monotonic());
    this.#loadedDrops.use(dropId);
    if (this.#timer === null) this.#startTimer();
  }

  /**
   * Takes a command whose drop is not in memory. What is stored may be enough to answer it; others
   * wait until their drop is loaded, then the loop gets all of them. False where too many wait
   * already.
   */
  enqueue(waiting: WaitingCommand): boolean {
    if (this.#waitingCommands >= WAITING_COMMANDS_MAX) return false;
    this.#waitingCommands += 1;
    const { command } = waiting;
    // A load that is under way answers reads as well.
    if (!mayBeAnswered(command) || this.#loads.has(command.dropId)) this.#queue(waiting);
    else void this.#read(waiting, command);
    return true;
  }

  /** Memory is cleared. Commands that wait go on waiting. */
  clear(): void {
    this.#generation += 1;
    this.#touchedAt.clear();
    this.#timer?.cancel();
    this.#timer = null;
    for (const dropId of this.#loaded) this.#loadedDrops.remove(dropId);
    this.#loaded.clear();
  }

  #queue(waiting: WaitingCommand): void {
    const { dropId } = waiting.command;
    const queued = this.#loads.get(dropId);
    if (queued !== undefined) return void queued.push(waiting);
    this.#loads.set(dropId, [waiting]);
    void this.#loadQueued(dropId);
  }

  /** Never rejects. */
  async #read(waiting: WaitingCommand, command: ReadCommand | PlaceOrder): Promise<void> {
    const generation = this.#generation;
    let reply: ShardReply | null;
    try {
      reply = await this.#reads.answer(command);
    } catch (error) {
      const details = { err: error, shard: this.#shard, dropId: command.dropId };
      this.#log.error(details, 'a sealed drop was not read');
      reply = UNAVAILABLE;
    }
    // What was read may be older than what the journal, or memory, has by now.
    const isCurrent = this.#isCurrent(generation) && !this.#drops.find(command.dropId);
    if (isCurrent && reply === null) return this.#queue(waiting);
    this.#waitingCommands -= 1;
    if (isCurrent) waiting.slots.complete(waiting.index, reply!);
    else this.#loop.submitAgain([waiting]);
  }

  /** Never rejects. */
  async #loadQueued(dropId: string): Promise<void> {
    const generation = this.#generation;
    let loaded: Loaded | null;
    try {
      loaded = await this.#load(dropId);
    } catch (error) {
      this.#loadedDrops.remove(dropId);
      this.#log.error({ err: error, shard: this.#shard, dropId }, 'a sealed drop was not loaded');
      for (const one of this.#takeQueued(dropId)) one.slots.complete(one.index, UNAVAILABLE);
      return;
    }
    const queued = this.#takeQueued(dropId);
    if (!this.#isCurrent(generation)) {
      this.#loadedDrops.remove(dropId);
      this.#loop.submitAgain(queued);
      return;
    }
    if (loaded !== null) {
      this.#loaded.add(dropId);
      if (loaded.isStored) this.#drops.markSealed(dropId, loaded.state.version);
    }
    this.#loop.loaded(loaded?.state ?? null, queued);
  }

  /** Null where there is no such drop. Errors: `store-unavailable`, `corrupt`. */
  async #load(dropId: string): Promise<Loaded | null> {
    const sealed = await this.#snapshots.findSealedDrop(dropId);
    if (sealed === null) return null;
    const { loading } = this.#upkeep;
    const head = await loading.inSlices((pause) => decodeSealedHead(sealed, pause));
    await this.#loadedDrops.admit(dropId, head.memoryBytes, () => this.#evictLoaded(dropId));
    const state = await loading.inSlices((pause) => restoreSealedDrop(sealed, head, pause));
    // One that an earlier release sealed is written again, in parts, as soon as that is possible.
    return { state, isStored: head.whole === null || !this.#snapshots.canSealDrops() };
  }

  /** Whether memory is what it was at that generation: what was read since then is not outdated. */
  #isCurrent(generation: number): boolean {
    return generation === this.#generation && this.#loop.isDeciding;
  }

  #takeQueued(dropId: string): readonly WaitingCommand[] {
    const queued = this.#loads.get(dropId)!;
    this.#loads.delete(dropId);
    this.#waitingCommands -= queued.length;
    return queued;
  }

  /** To make room. Never rejects; where it cannot leave yet, it stays. */
  async #evictLoaded(dropId: string): Promise<void> {
    if (!this.#loaded.has(dropId) || !this.#loop.isDeciding) return;
    await this.#trySeal(dropId);
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
      await this.#trySeal(dropId);
    }
    // Where memory was cleared meanwhile, the next `touch` has started a timer of its own.
    if (this.#timer !== timer) return;
    this.#timer = null;
    if (this.#touchedAt.size > 0) this.#startTimer();
  }

  /** Never rejects: a drop that could not be sealed stays, and is tried again later. */
  async #trySeal(dropId: string): Promise<void> {
    // Both the idle time and the bound may want it to leave.
    if (this.#sealing.has(dropId)) return;
    this.#sealing.add(dropId);
    try {
      await this.#seal(dropId);
    } catch (error) {
      // Memory was cleared meanwhile.
      if (!this.#touchedAt.has(dropId)) return;
      const details = { err: error, shard: this.#shard, dropId };
      this.#log.warn(details, 'a drop that is over could not be sealed yet');
      this.#touchedAt.set(dropId, this.#clock.monotonic());
    } finally {
      this.#sealing.delete(dropId);
    }
  }

  /** Errors: `store-unavailable`, `corrupt`. */
  async #seal(dropId: string): Promise<void> {
    const durable = await this.#gate.atDurable(() => this.#durable(dropId));
    if (durable === null) {
      this.#touchedAt.delete(dropId);
      return;
    }
    const { state, version } = durable;
    if (!this.#drops.isSealed(state)) {
      const snapshots = this.#snapshots;
      if (!snapshots.canSealDrops()) return;
      const sealed = await this.#upkeep.sealing.inSlices((pause) =>
        sealDrop({ snapshots, ...durable, pause }),
      );
      if (!sealed) return;
      this.#drops.markSealed(dropId, version);
    }
    await this.#gate.atDurable(() => {
      // It stays where it changed, where memory was made anew, and where a command that found it in
      // memory is still to be decided.
      if (this.#drops.find(dropId) !== state || state.version !== version) return;
      if (this.#loop.hasWaiting(dropId)) return;
      this.#touchedAt.delete(dropId);
      this.#drops.evict(dropId);
      this.#loaded.delete(dropId);
      this.#loadedDrops.remove(dropId);
    });
  }

  /** At a durable moment. Null where there is nothing to seal. */
  #durable(dropId: string): DurableDrop | null {
    const state = this.#drops.find(dropId);
    if (state === undefined || !state.isOver) return null;
    return { state, version: state.version, sequence: this.#loop.sequence };
  }
}

interface Loaded {
  readonly state: DropState;
  /** What is stored of it needs no write while it does not change. */
  readonly isStored: boolean;
}

interface DurableDrop {
  readonly state: DropState;
  readonly version: number;
  readonly sequence: number;
}
