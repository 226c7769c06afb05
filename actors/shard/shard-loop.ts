// The loop of a shard: one mailbox, the drops in memory, one journal append in flight; while it
// flies, the next batch gathers. That is the batching policy: small batches when idle, large ones
// under load; between small ones a pause of a millisecond (`actors/shard/batch-gap.ts`).
//
// It runs from `begin`, with a claimed journal and the memory that belongs to it, to `clear`. In
// between it decides or is paused. When deciding or an append fails, memory can no longer be
// trusted (J3): the loop reports that to its shard, which clears it. Whether the shard is served
// here at all, and how commands are answered when it is not, is the shard's
// (`actors/shard/shard.ts`).

import type { Logger } from 'pino';
import type { CommandReply } from '../../contracts/commands.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { DropState } from '../../domain/drop-state.ts';
import type { DurationCounts } from '../../domain/duration-counts.ts';
import { refusal } from '../../domain/refusal.ts';
import { encodeEntry } from '../../storage/formats/entry.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from '../cluster/lease.ts';
import type { LiveBus } from '../live-bus.ts';
import type { SaleMeter } from '../sale-meter.ts';
import { BatchGap } from './batch-gap.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { DuePace } from './due-pace.ts';
import type { FactSink } from './facts.ts';
import type { LoadedDrops } from './loaded-drops.ts';
import type { Quarantine } from './quarantine.ts';
import type { ClaimedShard } from './recovery.ts';
import { SealedDrops } from './sealed-drops.ts';
import { isRead, type OrderRows } from './sealed-reads.ts';
import type { Shard } from './shard.ts';
import { decideBatch, ShardBatch, type WaitingCommand } from './shard-batch.ts';
import { ShardDrops } from './shard-drops.ts';
import { LiveFrames, OutputGate } from './shard-output.ts';
import type { ShardReply } from './shard-reply.ts';
import { type JournalPoint, ShardSnapshots } from './shard-snapshots.ts';
import type { ShardUpkeep } from './shard-upkeep.ts';
import { BatchTrace } from '../tracing/batch-trace.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** Commands that may wait in a shard; past it they are refused as `overloaded` (H6). */
export const MAILBOX_LENGTH_MAX = 8192;
/** Commands decided in one batch, and so in one journal entry. */
const BATCH_COMMANDS_MAX = 4096;
const UNAVAILABLE: CommandReply = refusal('unavailable');
const OVERLOADED: CommandReply = refusal('overloaded');
const QUARANTINED: CommandReply = refusal(
  'unavailable',
  'This drop is out of service after repeated faults, until an operator releases it.',
);
const NOTHING_CLAIMED: JournalPoint = { epoch: 0, sequence: 0, time: 0 };

export interface ShardLoopOptions {
  readonly shard: Shard;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly orderRows: OrderRows;
  readonly loadedDrops: LoadedDrops;
  readonly bus: LiveBus;
  readonly facts: FactSink;
  readonly lease: Lease;
  readonly levels: FeatureLevels;
  readonly quarantine: Quarantine;
  readonly upkeep: ShardUpkeep;
  /** The pause between small entries; 0 for none. */
  readonly batchGapMs: number;
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  /** An entry whose time is further ahead of the clock has a wrong time. */
  readonly entryAheadMaxMs: number;
  readonly log: Logger;
}

export class ShardLoop {
  readonly #shard: Shard;
  readonly #journal: Journal;
  readonly #facts: FactSink;
  readonly #clock: Clock;
  readonly #quarantine: Quarantine;
  readonly #meter: SaleMeter;
  readonly #mailboxWaits: DurationCounts;
  readonly #tracing: Tracing | null;
  readonly #duePace: DuePace;
  readonly #gap: BatchGap;
  readonly #entryAheadMaxMs: number;
  readonly #drops: ShardDrops;
  readonly #sealed: SealedDrops;
  readonly #snapshots: ShardSnapshots;
  readonly #gate: OutputGate;
  readonly #frames: LiveFrames;
  readonly #deadline: DeadlineTimer;
  /** `empty`: before `begin` and after `clear`. */
  #phase: 'empty' | 'paused' | 'deciding' = 'empty';
  /** Raised by `clear`, so that an append can tell whether memory was cleared since it began. */
  #generation = 0;
  #ordersPlaced = 0;
  #point = NOTHING_CLAIMED;
  /**
   * An array and no queue of a library, as in `actors/cluster/broker-router.ts`, which says why.
   */
  #mailbox: WaitingCommand[] = [];
  /** When the first of them came, on the monotonic clock. */
  #waitingSince = 0;

  constructor(options: ShardLoopOptions) {
    const { shard, journal, snapshots, bus, facts, lease, levels } = options;
    const { quarantine, upkeep, clock, log } = options;
    this.#shard = shard;
    this.#journal = journal;
    this.#facts = facts;
    this.#clock = clock;
    this.#quarantine = quarantine;
    this.#meter = upkeep.meter;
    this.#mailboxWaits = upkeep.mailboxWaits;
    this.#tracing = options.tracing ?? null;
    const wake = () => this.pump();
    this.#duePace = new DuePace({ share: upkeep.due, wake });
    this.#gap = new BatchGap({ gapMs: options.batchGapMs, clock, wake });
    const drops = new ShardDrops({ quarantine });
    this.#entryAheadMaxMs = options.entryAheadMaxMs;
    const gate = new OutputGate();
    this.#drops = drops;
    this.#gate = gate;
    this.#frames = new LiveFrames({ bus, lease, levels, clock, drops });
    this.#snapshots = new ShardSnapshots({ shard: shard.id, drops, store: snapshots, log });
    this.#sealed = new SealedDrops({
      shard: shard.id,
      loop: this,
      drops,
      gate,
      snapshots,
      orderRows: options.orderRows,
      loadedDrops: options.loadedDrops,
      upkeep,
      clock,
      log,
    });
    this.#deadline = new DeadlineTimer({ clock, wake });
  }

  get epoch(): number {
    return this.#point.epoch;
  }
  /** Of the last durable entry. */
  get sequence(): number {
    return this.#point.sequence;
  }
  get waitingCount(): number {
    return this.#mailbox.length;
  }
  /** Since the node started. */
  get ordersPlaced(): number {
    return this.#ordersPlaced;
  }
  get dropCount(): number {
    return this.#drops.states.size;
  }
  get liveDropCount(): number {
    return this.#drops.liveCount;
  }
  get isDeciding(): boolean {
    return this.#phase === 'deciding';
  }

  /** Takes over what a recovery has found, and publishes it. The loop is paused until `resume`. */
  begin({ epoch, recovered }: ClaimedShard): void {
    this.#phase = 'paused';
    this.#point = { epoch, sequence: recovered.sequence, time: recovered.time };
    this.#snapshots.recovered(recovered);
    for (const state of recovered.drops.values()) {
      this.#frames.publish(state, this.#commit(state), []);
    }
  }

  /** Decides from now on, starting with the commands that came meanwhile. */
  resume(): void {
    this.#phase = 'deciding';
    const waiting = this.#mailbox;
    this.#mailbox = [];
    for (const one of waiting) this.submit(one);
    this.pump();
  }

  /**
   * Decides nothing more until `resume`. Resolves when nothing is in flight; to false where what
   * was is lost.
   */
  pause(): Promise<boolean> {
    this.#phase = 'paused';
    this.#deadline.set(Infinity);
    this.#duePace.stop();
    this.#gap.stop();
    return this.#gate.settled();
  }

  /**
   * While it is paused with nothing in flight: saves a snapshot if there would be much to replay.
   */
  saveSnapshot(): Promise<void> {
    return this.#snapshots.finish(this.#point);
  }

  /**
   * Clears memory; what is in flight is answered `reply`. Commands in the mailbox go on waiting.
   */
  clear(reply: ShardReply): void {
    this.#generation += 1;
    this.#phase = 'empty';
    this.#deadline.set(Infinity);
    this.#duePace.stop();
    this.#gap.stop();
    this.#drops.clear();
    this.#sealed.clear();
    this.#frames.clear();
    this.#gate.refuse(reply);
  }

  /** Puts a command into the mailbox, for when the loop decides (again). */
  enqueue(waiting: WaitingCommand): void {
    if (this.#mailbox.length >= MAILBOX_LENGTH_MAX)
      waiting.slots.complete(waiting.index, OVERLOADED);
    else {
      if (this.#mailbox.length === 0) this.#waitingSince = this.#clock.monotonic();
      this.#mailbox.push(waiting);
    }
  }

  refuseWaiting(reply: ShardReply): void {
    const waiting = this.#mailbox;
    this.#mailbox = [];
    for (const one of waiting) one.slots.complete(one.index, reply);
  }

  /** Takes a command, while the loop decides. Call `pump` once after a group of them. */
  submit(waiting: WaitingCommand): void {
    const { dropId, type } = waiting.command;
    if (this.#quarantine.has(dropId) && type !== 'get-drop')
      return waiting.slots.complete(waiting.index, QUARANTINED);
    const state = this.#drops.find(dropId);
    if (state?.isOver && !isRead(waiting.command)) this.#sealed.touch(dropId);
    if (type === 'get-drop') {
      const view = this.#drops.view(dropId);
      if (view !== undefined)
        return waiting.slots.complete(waiting.index, { ok: true, value: view });
    }
    if (state !== undefined || type === 'create-drop') this.enqueue(waiting);
    else if (this.#mailbox.length >= MAILBOX_LENGTH_MAX || !this.#sealed.enqueue(waiting))
      waiting.slots.complete(waiting.index, OVERLOADED);
  }

  /** A sealed drop is loaded, while the loop decides: null where there is none of that id. */
  loaded(state: DropState | null, waiting: readonly WaitingCommand[]): void {
    if (state !== null && this.#drops.find(state.id) === undefined) this.#commit(state);
    if (this.#mailbox.length === 0) this.#waitingSince = this.#clock.monotonic();
    this.#mailbox.push(...waiting);
    this.pump();
  }

  /** Commands waited for a load that came to nothing: the shard decides what becomes of them. */
  submitAgain(waiting: readonly WaitingCommand[]): void {
    for (const one of waiting) this.#shard.submit(one);
    this.pump();
  }

  /** Whether a command about the drop waits to be decided. */
  hasWaiting(dropId: string): boolean {
    return this.#mailbox.some(({ command }) => command.dropId === dropId);
  }

  /** Starts the next batch, if none is in flight and a command waits or a drop is due. */
  pump(): void {
    while (this.#phase === 'deciding' && this.#gate.isOpen) {
      const now = this.#time();
      if (!this.#hasWork(now)) break;
      const batch = new ShardBatch(now);
      const waiting = this.#takeWaiting();
      if (this.#tracing !== null) batch.trace = this.#traceOf(this.#tracing, waiting);
      let bytes: Buffer | null;
      try {
        decideBatch(this.#drops, batch, this.#duePace, waiting);
        bytes = this.#encode(batch);
      } catch (error) {
        batch.refuse(UNAVAILABLE);
        batch.trace?.failed('deciding-failed');
        this.#shard.decidingFailed(error, batch.deciding);
        return;
      }
      this.#meter.addCommands(waiting.length);
      batch.trace?.decided();
      if (bytes !== null) this.#append(batch, bytes);
      else {
        batch.trace?.ended(null);
        batch.release();
      }
    }
    if (this.#phase !== 'deciding' || !this.#gate.isOpen) return;
    this.#deadline.set(this.#drops.nextDeadline);
    if (this.#drops.hasDueOrders) this.#duePace.wait();
    if (this.#mailbox.length > 0) this.#gap.wait();
  }

  #traceOf(tracing: Tracing, waiting: readonly WaitingCommand[]): BatchTrace {
    const trace = new BatchTrace(tracing, this.#shard.id);
    for (const { command, slots, index } of waiting)
      trace.add(slots.traces ?? null, index, command.type);
    return trace;
  }

  /** A drop has left quarantine. */
  released(dropId: string): void {
    const state = this.#drops.find(dropId);
    if (state !== undefined) this.#drops.schedule(state);
    this.pump();
  }

  #hasWork(now: number): boolean {
    const { nextDeadline, hasFirstTurns, hasDueOrders } = this.#drops;
    if (nextDeadline <= now || hasFirstTurns) return true;
    const waiting = this.#mailbox.length;
    if (waiting > 0 && !this.#gap.holds(waiting)) return true;
    return hasDueOrders && this.#duePace.isReady;
  }

  /**
   * Reads all drops in memory at one durable moment; `read` must not retain or change them. Errors:
   * those of `OutputGate.atDurable`.
   */
  inspect<T>(read: (drops: ReadonlyMap<string, DropState>, sequence: number) => T): Promise<T> {
    return this.#gate.atDurable(() => read(this.#drops.states, this.#point.sequence));
  }

  /**
   * Shard time: it stands still while the clock is behind the last entry. Where the last entry is
   * further ahead than any node writes, its time is wrong, and the shard goes back to the clock.
   */
  #time(): number {
    const now = this.#clock.now();
    const { time } = this.#point;
    return time - now > this.#entryAheadMaxMs ? now : Math.max(now, time);
  }

  #takeWaiting(): readonly WaitingCommand[] {
    const waiting = this.#mailbox;
    if (waiting.length > 0) this.#mailboxWaits.add(this.#clock.monotonic() - this.#waitingSince);
    this.#mailbox = waiting.length <= BATCH_COMMANDS_MAX ? [] : waiting.slice(BATCH_COMMANDS_MAX);
    return waiting.length <= BATCH_COMMANDS_MAX ? waiting : waiting.slice(0, BATCH_COMMANDS_MAX);
  }

  /** The entry of the batch; null where it has no events. */
  #encode(batch: ShardBatch): Buffer | null {
    const { time, changes, eventCount } = batch;
    if (eventCount === 0) return null;
    const sequence = this.#point.sequence + 1;
    // A fault concerns the one drop that the batch changed, or nobody can tell whom.
    batch.deciding = changes.length === 1 ? changes[0]!.dropId : null;
    return encodeEntry({ shard: this.#shard.id, sequence, time, changes });
  }

  #append(batch: ShardBatch, bytes: Buffer): void {
    this.#gate.close(batch);
    this.#meter.addBytes(bytes.length);
    const { id } = this.#shard;
    const { epoch } = this.#point;
    const { time } = batch;
    const sequence = this.#point.sequence + 1;
    const generation = this.#generation;
    this.#journal.append(id, epoch, sequence, bytes).then(
      () => {
        if (this.#generation === generation) this.#appended(batch, { epoch, sequence, time });
        else batch.trace?.failed('given-up');
      },
      (error: unknown) => {
        batch.trace?.failed('append-failed');
        if (this.#generation === generation) this.#shard.failed(error);
      },
    );
  }

  /** The entry is durable: live frames, facts, then the answers; then the next batch. */
  #appended(batch: ShardBatch, point: JournalPoint): void {
    this.#point = point;
    this.#ordersPlaced += batch.placedCount;
    for (const { state, milestones } of batch.changes) {
      this.#frames.publish(state, this.#commit(state), milestones);
    }
    const { sequence, time } = point;
    const { trace } = batch;
    const { id: shard } = this.#shard;
    trace?.ended({ shard, ...point }, batch.replies);
    const facts = batch.facts();
    this.#facts.durable({ shard, sequence, time, facts, ...(trace !== null && { trace }) });
    this.#gap.begin(batch.eventCount);
    this.#gate.release();
    this.#snapshots.count(batch.eventCount, point);
    this.pump();
  }

  /** The drop as it stands is durable. */
  #commit(state: DropState): DropView {
    if (state.isOver) this.#sealed.touch(state.id);
    return this.#drops.commit(state);
  }
}
