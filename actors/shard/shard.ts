// A shard: the one place that decides for its drops (S2). Its loop decides
// (`actors/shard/shard-loop.ts`); this file is the shard's life on a node: when the loop may run,
// how commands are answered when it may not, and how it begins again.
//
// When an append fails or its outcome is unknown (J3), memory may be ahead of the journal or behind
// it. So the shard clears its memory, answers waiting commands `unavailable`, claims its journal
// again (which fences the append that may still be under way) and replays it.
//
// Where several nodes share the shards, each shard has an owner for a while: `start` takes it over,
// `leave` ends admission so that another node can take it over (`resume` takes that back),
// `abandon` gives it up. Commands that come meanwhile wait in the mailbox or are redirected.

import type { QuarantinedDrop, ShardStatus } from '../../contracts/operator.ts';
import type { Logger } from 'pino';
import type { CommandReply } from '../../contracts/commands.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { refusal } from '../../domain/refusal.ts';
import { FencedError, type Journal } from '../../storage/ports/journal.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from '../cluster/lease.ts';
import { ENTRY_AHEAD_MAX_MS } from '../cluster/store-clock.ts';
import type { LiveBus } from '../live-bus.ts';
import type { FactSink } from './facts.ts';
import type { LoadedDrops } from './loaded-drops.ts';
import { Quarantine } from './quarantine.ts';
import { type ClaimedShard, isDamage, type RecoveredShard, ShardRecovery } from './recovery.ts';
import type { OrderRows } from './sealed-reads.ts';
import type { WaitingCommand } from './shard-batch.ts';
import { ShardLoop } from './shard-loop.ts';
import type { Moved } from './shard-reply.ts';
import type { ShardUpkeep } from './shard-upkeep.ts';
import type { Tracing } from '../tracing/tracing.ts';

const UNAVAILABLE: CommandReply = refusal('unavailable');

/** What a node among others knows of the owners of shards. */
export interface SharedOwnership {
  readonly lease: Lease;
  /** The answer to commands for a shard that this node does not serve. */
  redirect(shard: number): Moved;
  /** Another node claimed the journal of a shard served here; the shard is given up already. */
  fenced(shard: number): void;
}

export interface ShardOptions {
  readonly id: number;
  /** Of this node, for the journal. */
  readonly owner: string;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly orderRows: OrderRows;
  /** Of all shards of the process. */
  readonly loadedDrops: LoadedDrops;
  readonly bus: LiveBus;
  readonly facts: FactSink;
  readonly lease: Lease;
  readonly levels: FeatureLevels;
  /**
   * Null for a node alone: its commands are `unavailable` while the shard is not served, and where
   * the journal was claimed by another it claims again, since no other can rightly have it.
   */
  readonly shared: SharedOwnership | null;
  /** One for all shards of the process. */
  readonly upkeep: ShardUpkeep;
  /** `ShardLoopOptions.batchGapMs`. */
  readonly batchGapMs: number;
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StartOptions {
  /** Memory prepared beforehand; it is taken over and changed. */
  readonly warm?: RecoveredShard | null;
  /** Commands that come meanwhile wait in the mailbox, instead of being refused. */
  readonly admitting?: boolean;
}

export class Shard {
  readonly id: number;
  readonly #facts: FactSink;
  readonly #shared: SharedOwnership | null;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #loop: ShardLoop;
  readonly #recovery: ShardRecovery;
  readonly #quarantine: Quarantine;
  #status: ShardStatus = 'stopped';
  #fault: string | null = null;
  /** Raised whenever the shard starts or is given up, so that work of an earlier life can tell. */
  #life = 0;
  #admitting = false;

  constructor(options: ShardOptions) {
    const { id, owner, journal, snapshots, lease, shared, clock, log } = options;
    const quarantine = new Quarantine({ clock });
    this.#quarantine = quarantine;
    this.id = id;
    this.#facts = options.facts;
    this.#shared = shared;
    this.#clock = clock;
    this.#log = log;
    this.#recovery = new ShardRecovery({
      shard: id,
      owner,
      journal,
      snapshots,
      lease,
      clock,
      log,
    });
    this.#loop = new ShardLoop({
      ...options,
      shard: this,
      quarantine,
      entryAheadMaxMs: shared === null ? Infinity : ENTRY_AHEAD_MAX_MS,
    });
  }

  get status(): ShardStatus {
    return this.#status;
  }
  /** Why the shard is damaged, for operators; null otherwise. */
  get fault(): string | null {
    return this.#fault;
  }
  get quarantined(): QuarantinedDrop[] {
    return this.#quarantine.list();
  }
  get epoch(): number {
    return this.#loop.epoch;
  }
  /** Of the last durable entry. */
  get sequence(): number {
    return this.#loop.sequence;
  }
  get waitingCount(): number {
    return this.#loop.waitingCount;
  }
  /** Since the node started. */
  get ordersPlaced(): number {
    return this.#loop.ordersPlaced;
  }
  get dropCount(): number {
    return this.#loop.dropCount;
  }
  get liveDropCount(): number {
    return this.#loop.liveDropCount;
  }

  /**
   * Claims the shard and rebuilds its memory. Resolves when it serves or is found damaged; while
   * the store is down, or the lease is not valid, it tries on, until it is given up or stopped.
   */
  async start(options: StartOptions = {}): Promise<void> {
    const life = ++this.#life;
    this.#status = 'recovering';
    this.#fault = null;
    this.#admitting = options.admitting ?? false;
    // Memory of an earlier life is outdated: the shard may have gone elsewhere and come back.
    this.#loop.clear(this.#redirect('unknown'));
    let warm = options.warm ?? null;
    while (this.#life === life && this.#status === 'recovering') {
      try {
        const claimed = await this.#recovery.attempt(warm);
        if (this.#life === life && this.#status === 'recovering') this.#serve(claimed);
      } catch (error) {
        if (this.#life !== life) return;
        if (isDamage(error)) return this.#close(error);
        // Nobody knows when an attempt will succeed, so commands no longer wait for it (J7).
        this.#admitting = false;
        this.#loop.refuseWaiting(UNAVAILABLE);
        // Memory that was changed half way is of no use for another attempt.
        warm = null;
        await this.#recovery.backOff(error);
      }
    }
  }

  /**
   * Finishes what is in flight, refuses commands that wait, saves a snapshot, unless what was in
   * flight is lost, and clears memory, with all timers.
   */
  async stop(): Promise<void> {
    const wasServing = this.#status === 'serving' || this.#status === 'leaving';
    const life = this.#life;
    this.#status = 'stopped';
    this.#loop.refuseWaiting(this.#redirect('no'));
    if (wasServing && (await this.#loop.pause())) await this.#loop.saveSnapshot();
    if (this.#life === life) this.#loop.clear(this.#redirect('unknown'));
  }

  /**
   * Ends admission, for a move: commands that come now wait. Resolves to the last durable sequence
   * once nothing is in flight, or to null where the shard does not serve.
   */
  async leave(): Promise<number | null> {
    if (this.#status !== 'serving') return null;
    const life = this.#life;
    this.#status = 'leaving';
    await this.#loop.pause();
    return this.#life === life && this.#isLeaving() ? this.#loop.sequence : null;
  }

  /** Takes `leave` back: no other node has claimed the shard. */
  resume(): void {
    if (this.#status !== 'leaving') return;
    this.#status = 'serving';
    this.#loop.resume();
  }

  /** Gives the shard up at once: clears its memory, and redirects commands that wait. */
  abandon(): void {
    if (this.#status === 'stopped') return;
    this.#life += 1;
    this.#status = 'stopped';
    this.#loop.clear(this.#redirect('unknown'));
    this.#loop.refuseWaiting(this.#redirect('no'));
  }

  /** Takes a command. Call `pump` once after a group of them. */
  submit(waiting: WaitingCommand): void {
    if (this.#status === 'serving') this.#loop.submit(waiting);
    else if (this.#isLeaving() || (this.#status === 'recovering' && this.#admitting))
      this.#loop.enqueue(waiting);
    else waiting.slots.complete(waiting.index, this.#refusal());
  }

  /** Starts the next batch, if none is in flight and a command waits or a drop is due. */
  pump(): void {
    this.#loop.pump();
  }

  /** `ShardLoop.inspect`. */
  inspect<T>(read: (drops: ReadonlyMap<string, DropState>, sequence: number) => T): Promise<T> {
    return this.#loop.inspect(read);
  }

  /** Serves a quarantined drop again. False where it is not in quarantine, or not since then. */
  releaseQuarantine(dropId: string, since?: number): boolean {
    if (!this.#quarantine.release(dropId, since)) return false;
    this.#log.warn({ shard: this.id, dropId }, 'a drop is released from quarantine');
    this.#loop.released(dropId);
    return true;
  }

  /**
   * For the loop: deciding threw, for a command or due work of this drop. A drop that does so again
   * and again is quarantined, so that the shard can serve the others.
   */
  decidingFailed(error: unknown, dropId: string | null): void {
    if (dropId !== null && this.#quarantine.add(dropId, error)) {
      const details = { err: error, shard: this.id, dropId };
      this.#log.error(details, 'a drop is quarantined: deciding it fails again and again');
    }
    this.failed(error, 'deciding threw, and a shard starts again from the journal');
  }

  /**
   * For the loop, which can no longer trust its memory: the shard begins again from the journal,
   * unless another node has claimed it.
   */
  failed(
    error: unknown,
    message = 'a shard lost its append and starts again from the journal',
  ): void {
    const fencedBy = error instanceof FencedError ? this.#shared : null;
    this.#loop.clear(fencedBy === null ? UNAVAILABLE : this.#redirect('no'));
    if (this.#status === 'stopped') return;
    const details = { err: error, shard: this.id };
    if (fencedBy !== null) {
      this.#log.warn(details, 'a shard was claimed elsewhere and is given up');
      this.abandon();
      fencedBy.fenced(this.id);
      return;
    }
    this.#log.error(details, message);
    this.#loop.refuseWaiting(UNAVAILABLE);
    void this.start();
  }

  #isLeaving(): boolean {
    return this.#status === 'leaving';
  }

  /** The answer to a command that cannot even wait. */
  #refusal(): Moved | CommandReply {
    return this.#status === 'stopped' ? this.#redirect('no') : UNAVAILABLE;
  }

  #redirect(executed: Moved['executed']): Moved | CommandReply {
    if (this.#shared === null) return UNAVAILABLE;
    const { shard, nodeId, version } = this.#shared.redirect(this.id);
    return { ok: false, code: 'moved', shard, nodeId, version, executed };
  }

  #serve(claimed: ClaimedShard): void {
    this.#loop.begin(claimed);
    const aheadMs = claimed.recovered.time - this.#clock.now();
    if (this.#shared !== null && aheadMs > ENTRY_AHEAD_MAX_MS)
      this.#log.warn({ shard: this.id, aheadMs }, 'the last entry has a wrong time, in the future');
    this.#status = 'serving';
    this.#facts.recovered(this.id, this.#loop.sequence);
    this.#loop.resume();
  }

  #close(damage: Error): void {
    this.#status = 'damaged';
    this.#fault = damage.message;
    this.#loop.clear(UNAVAILABLE);
    this.#loop.refuseWaiting(UNAVAILABLE);
    this.#facts.released(this.id);
    this.#log.error({ err: damage, shard: this.id }, 'a shard is damaged and stays closed');
  }
}
