// The loop of a shard, and all that it decides upon: one mailbox, stock in memory, one journal append in flight; while it flies, the
// next batch gathers. That is the whole batching policy: small batches when idle, large ones under load, no timer.
//
// It runs from `begin`, with a claimed journal and the memory that goes with it, to `end`, which forgets both. In between it decides
// or rests. When deciding or an append fails it can no longer trust its memory (J3): it says so, and expects to be ended. Whether the
// shard is served here at all, and what to say when it is not, is known to the shard (`actors/shard/shard.ts`), not to the loop.

import type { Logger } from 'pino';
import type { CommandReply } from '../../contracts/commands.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { refusal } from '../../domain/refusal.ts';
import { type Entry, encodeEntry } from '../../storage/formats/entry.ts';
import { type Journal, StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock } from '../clock.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { EntryFacts } from './entry-facts.ts';
import type { FactBatch } from './facts.ts';
import type { Lease } from '../cluster/lease.ts';
import { creatorTopic, dropTopic, type LiveBus, type Milestone } from '../live-bus.ts';
import { OutputGate } from './output-gate.ts';
import { ShardBatch, type WaitingCommand } from './shard-batch.ts';
import { decideBatch } from './shard-decisions.ts';
import { ShardMemory } from './shard-memory.ts';
import type { ClaimedShard } from './shard-recovery.ts';
import type { ShardReply } from './shard-reply.ts';
import { ShardSnapshots } from './shard-snapshots.ts';
import { WithheldFrames } from './withheld-frames.ts';

/** Commands that may wait in a shard; past it they are refused as `overloaded` (H6). */
export const MAILBOX_LENGTH_MAX = 8192;
/** Commands decided in one batch, and so in one journal entry. */
const BATCH_COMMANDS_MAX = 4096;
const UNAVAILABLE: CommandReply = refusal('unavailable');
const OVERLOADED: CommandReply = refusal('overloaded');

export interface ShardLoopOptions {
  readonly id: number;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly bus: LiveBus;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears of each durable entry, in order. */
  readonly onDurable: (batch: FactBatch) => void;
  /** Memory can no longer be trusted: `end` is to be called before anything else. */
  readonly onFailed: (error: unknown) => void;
  /** Takes a command again that waited for its drop until the loop rested or had ended. */
  readonly submitAgain: (waiting: WaitingCommand) => void;
}

export class ShardLoop {
  readonly #options: ShardLoopOptions;
  readonly #memory: ShardMemory;
  readonly #snapshots: ShardSnapshots;
  readonly #gate = new OutputGate();
  readonly #timer: DeadlineTimer;
  readonly #facts: EntryFacts;
  readonly #withheld: WithheldFrames;
  /** `empty`: before `begin` and after `end`. */
  #phase: 'empty' | 'resting' | 'deciding' = 'empty';
  /** Grows with each end, so that what was begun before can tell. */
  #run = 0;
  #ordersPlaced = 0;
  #epoch = 0;
  #sequence = 0;
  /** Shard time never goes back, whoever owns the shard. */
  #time = 0;
  #mailbox: WaitingCommand[] = [];

  constructor(options: ShardLoopOptions) {
    this.#options = options;
    this.#snapshots = new ShardSnapshots(options);
    this.#memory = new ShardMemory({
      ...options,
      serves: () => this.#phase === 'deciding',
      whenOpen: (read) => this.#gate.whenOpen(read),
      waits: (dropId) => this.#mailbox.some(({ command }) => command.dropId === dropId),
    });
    this.#timer = new DeadlineTimer({ clock: options.clock, due: () => this.pump() });
    this.#facts = new EntryFacts({
      clock: options.clock,
      find: (dropId) => this.#memory.find(dropId),
      load: (dropId) => this.#memory.sealed.load(dropId),
      whenOpen: (read) => this.#whenServed(read),
    });
    this.#withheld = new WithheldFrames({
      ...options,
      show: (dropId) => {
        const view = this.#memory.view(dropId);
        if (view !== undefined)
          options.bus.publish(dropTopic(dropId), { type: 'drop', view, milestones: [] });
      },
    });
  }

  get epoch(): number {
    return this.#epoch;
  }
  /** Of the last durable entry. */
  get sequence(): number {
    return this.#sequence;
  }
  get waitingCount(): number {
    return this.#mailbox.length;
  }
  /** Since the node started. */
  get ordersPlaced(): number {
    return this.#ordersPlaced;
  }
  get dropCount(): number {
    return this.#memory.drops.size;
  }
  get liveDropCount(): number {
    return this.#memory.liveDropCount;
  }

  /** Takes over what a recovery has found, and publishes it. It rests until `resume`. */
  begin({ epoch, recovered }: ClaimedShard): void {
    this.#phase = 'resting';
    this.#epoch = epoch;
    this.#sequence = recovered.sequence;
    this.#time = recovered.time;
    this.#snapshots.recovered(recovered);
    for (const state of recovered.drops.values())
      this.#publish(state, this.#memory.adopt(state), []);
  }

  /** Decides from now on, what came meanwhile first. */
  resume(): void {
    this.#phase = 'deciding';
    const waiting = this.#mailbox;
    this.#mailbox = [];
    for (const one of waiting) this.submit(one);
    this.pump();
  }

  /** Decides nothing more for now. Resolves when nothing is in flight; to false where what was came to nothing. */
  rest(): Promise<boolean> {
    this.#phase = 'resting';
    this.#timer.set(Infinity);
    return this.#gate.settled();
  }

  /** While it rests with nothing in flight: leaves a snapshot where there would be much to replay. */
  leaveSnapshot(): Promise<void> {
    return this.#snapshots.finish(this.#epoch, this.#sequence, this.#time, this.#memory.drops);
  }

  /** Forgets everything; what is in flight is answered `reply`. What waits in the mailbox goes on waiting. */
  end(reply: ShardReply): void {
    this.#run += 1;
    this.#phase = 'empty';
    this.#timer.set(Infinity);
    this.#memory.clear();
    this.#facts.clear();
    this.#withheld.clear();
    this.#gate.refuse(reply);
  }

  /** Keeps a command for when the loop decides (again). */
  keep(waiting: WaitingCommand): void {
    if (this.#mailbox.length >= MAILBOX_LENGTH_MAX)
      waiting.slots.complete(waiting.index, OVERLOADED);
    else this.#mailbox.push(waiting);
  }

  refuseWaiting(reply: ShardReply): void {
    const waiting = this.#mailbox;
    this.#mailbox = [];
    for (const one of waiting) one.slots.complete(one.index, reply);
  }

  /** Takes a command, while the loop decides. Call `pump` once after a group of them. */
  submit(waiting: WaitingCommand): void {
    const { dropId, type } = waiting.command;
    const isHere = this.#memory.ask(dropId);
    if (type === 'get-drop') {
      const view = this.#memory.view(dropId);
      if (view !== undefined)
        return waiting.slots.complete(waiting.index, { ok: true, value: view });
    }
    if (this.#mailbox.length >= MAILBOX_LENGTH_MAX)
      return waiting.slots.complete(waiting.index, OVERLOADED);
    if (isHere || type === 'create-drop') this.#mailbox.push(waiting);
    else this.#load(waiting);
  }

  /** Starts the next batch, if none is in flight and something waits or is due. */
  pump(): void {
    while (this.#phase === 'deciding' && this.#gate.isOpen) {
      const now = Math.max(this.#options.clock.now(), this.#time);
      if (this.#mailbox.length === 0 && this.#memory.nextDeadline > now) break;
      const batch = new ShardBatch(now);
      try {
        decideBatch(this.#memory, batch, this.#takeWaiting());
      } catch (error) {
        batch.refuse(UNAVAILABLE);
        this.#options.onFailed(error);
        return;
      }
      if (batch.eventCount === 0) batch.release();
      else this.#append(batch);
    }
    if (this.#phase === 'deciding' && this.#gate.isOpen) this.#timer.set(this.#memory.nextDeadline);
  }

  /** Reads all drops in memory at one durable moment; `read` must not keep or change them. Errors: those of `OutputGate.whenOpen`. */
  inspect<T>(read: (drops: ReadonlyMap<string, DropState>, sequence: number) => T): Promise<T> {
    return this.#gate.whenOpen(() => read(this.#memory.drops, this.#sequence));
  }

  /** What became of a durable entry, for a relay that has to read the journal again. Errors: `corrupt`, `store-unavailable`. */
  factsOf(entry: Entry): Promise<FactBatch> {
    return this.#facts.of(entry);
  }

  /** As `OutputGate.whenOpen`, and `store-unavailable` where the shard has none of its memory here. */
  #whenServed<T>(read: () => T): Promise<T> {
    return this.#gate.whenOpen(() => {
      if (this.#phase === 'empty')
        throw new StoreUnavailableError(`shard ${this.#options.id} is not served here any more`);
      return read();
    });
  }

  #takeWaiting(): readonly WaitingCommand[] {
    const waiting = this.#mailbox;
    this.#mailbox = waiting.length <= BATCH_COMMANDS_MAX ? [] : waiting.slice(BATCH_COMMANDS_MAX);
    return waiting.length <= BATCH_COMMANDS_MAX ? waiting : waiting.slice(0, BATCH_COMMANDS_MAX);
  }

  #append(batch: ShardBatch): void {
    const { id, journal, onFailed } = this.#options;
    this.#gate.close(batch);
    const sequence = this.#sequence + 1;
    const bytes = encodeEntry({ shard: id, sequence, time: batch.time, changes: batch.changes });
    const run = this.#run;
    journal.append(id, this.#epoch, sequence, bytes).then(
      () => {
        if (this.#run === run) this.#appended(batch, sequence);
      },
      (error: unknown) => {
        if (this.#run === run) onFailed(error);
      },
    );
  }

  /** The entry is durable: live frames, facts to the relay, then the answers; then the next batch. */
  #appended(batch: ShardBatch, sequence: number): void {
    this.#sequence = sequence;
    this.#time = batch.time;
    this.#ordersPlaced += batch.placedCount;
    for (const change of batch.changes) {
      this.#publish(change.state, this.#memory.noteDurable(change.state), change.milestones);
    }
    this.#options.onDurable({
      shard: this.#options.id,
      sequence,
      time: batch.time,
      facts: batch.facts(),
    });
    this.#gate.release();
    this.#snapshots.noteEvents(
      batch.eventCount,
      this.#epoch,
      this.#sequence,
      this.#time,
      this.#memory.drops,
    );
    this.pump();
  }

  #publish(state: DropState, view: DropView, milestones: readonly Milestone[]): void {
    const { bus, lease } = this.#options;
    if (!lease.valid()) return this.#withheld.add(state.id);
    bus.publish(dropTopic(state.id), { type: 'drop', view, milestones });
    for (const milestone of milestones) {
      bus.publish(creatorTopic(state.creatorId), { type: 'milestone', milestone });
    }
  }

  #load(waiting: WaitingCommand): void {
    const { dropId } = waiting.command;
    const run = this.#run;
    const accepted = this.#memory.sealed.park(waiting, (state, parked) => {
      // What was read for an earlier run may be older than what this one has.
      if (this.#run !== run || this.#phase !== 'deciding') {
        for (const one of parked) this.#options.submitAgain(one);
        return;
      }
      if (state !== null && this.#memory.find(dropId) === undefined) this.#memory.adopt(state);
      this.#mailbox.push(...parked);
      this.pump();
    });
    if (!accepted) waiting.slots.complete(waiting.index, OVERLOADED);
  }
}
