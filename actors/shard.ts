// A shard: the one place that decides for its drops (S2). One mailbox, stock in memory, one journal append in flight; while it
// flies, the next batch gathers. That is the whole batching policy: small batches when idle, large ones under load, no timer.
//
// The output gate (O2): nothing that depends on an entry leaves before the entry is durable. Answers and refusals leave with the
// batch they were decided in; `get-drop` is answered from views taken at the last durable moment.
//
// When an append fails or its outcome is unknown (J3), memory may be ahead of the journal or behind it. So the shard forgets
// everything, answers what waits `unavailable`, claims again (which fences the append that may still be under way) and replays.
//
// Where several nodes share the shards, each shard has an owner for a while: `start` takes it over, `leave` ends admission so that
// another node can (`resume` takes that back), `abandon` gives it up. What comes meanwhile waits in the mailbox or is sent on.

import type { Logger } from 'pino';
import type { CommandReply } from '../domain/commands.ts';
import type { DropState } from '../domain/drop-state.ts';
import { refusal } from '../domain/refusal.ts';
import type { DropView } from '../domain/views.ts';
import { type Entry, encodeEntry } from '../storage/entry.ts';
import {
  CorruptError,
  FencedError,
  type Journal,
  StoreUnavailableError,
} from '../storage/journal.ts';
import type { SnapshotStore } from '../storage/snapshots.ts';
import type { Clock, Timer } from './clock.ts';
import type { RelayBatch, RelayFact } from './event-consumer.ts';
import { creatorTopic, dropTopic, type LiveBus, type Milestone } from './live-bus.ts';
import type { Lease } from './lease.ts';
import { continueRecovery, type RecoveredShard, recoverShard } from './recovery.ts';
import { addFacts, ShardBatch, type WaitingCommand } from './shard-batch.ts';
import { decideBatch } from './shard-decisions.ts';
import { ShardMemory } from './shard-memory.ts';
import type { Moved } from './shard-reply.ts';
import { ShardSnapshots } from './shard-snapshots.ts';

/** Commands that may wait in a shard; past it they are refused as `overloaded` (H6). */
export const MAILBOX_LENGTH_MAX = 8192;
/** Commands decided in one batch, and so in one journal entry. */
const BATCH_COMMANDS_MAX = 4096;
const RECOVERY_DELAY_FIRST_MS = 50;
const RECOVERY_DELAY_MAX_MS = 2000;
const UNAVAILABLE: CommandReply = refusal('unavailable');
const OVERLOADED: CommandReply = refusal('overloaded');

export type ShardStatus =
  /** Claiming and replaying. */
  | 'recovering'
  | 'serving'
  /** Another node is taking it over: what is in flight ends, what comes waits. */
  | 'leaving'
  /** The journal or a snapshot is damaged: only a person can help (J5). */
  | 'damaged'
  /** Not served here. */
  | 'stopped';

export interface ShardOptions {
  readonly id: number;
  readonly owner: string;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly bus: LiveBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lease: Lease;
  /** The answer to commands while the shard is not served here; null: `unavailable`. */
  readonly away: ((shard: number) => Moved) | null;
  /**
   * Called when the journal was claimed by somebody else: the shard has been given up. Null where nobody else can rightly have it:
   * then it claims again.
   */
  readonly onFenced: ((shard: number) => void) | null;
  /** Hears of each durable entry, in order. */
  readonly onDurable: (batch: RelayBatch) => void;
  /** The shard serves (again), with everything up to `sequence`. */
  readonly onRecovered: (shard: number, sequence: number) => void;
}

export interface StartOptions {
  /** Memory prepared beforehand; taken over and changed. */
  readonly warm?: RecoveredShard | null;
  /** Keep what comes meanwhile in the mailbox, instead of refusing it. */
  readonly admitting?: boolean;
}

export class Shard {
  readonly id: number;
  readonly #options: ShardOptions;
  readonly #snapshots: ShardSnapshots;
  readonly #memory: ShardMemory;
  #status: ShardStatus = 'stopped';
  #fault: string | null = null;
  /** Grows whenever the shard starts or is given up, so that work of an earlier life can tell. */
  #life = 0;
  #admitting = false;
  #ordersPlaced = 0;
  #epoch = 0;
  #sequence = 0;
  /** Shard time never goes back, whoever owns the shard. */
  #time = 0;
  #mailbox: WaitingCommand[] = [];
  #inFlight: ShardBatch | null = null;
  #timer: Timer | null = null;
  #timerAt = Infinity;
  #recoveryDelayMs = RECOVERY_DELAY_FIRST_MS;
  /** Called, once each, at the next moment at which memory holds nothing that is not durable. */
  #onSettled: (() => void)[] = [];

  constructor(options: ShardOptions) {
    this.id = options.id;
    this.#options = options;
    this.#snapshots = new ShardSnapshots(options);
    this.#memory = new ShardMemory({
      ...options,
      serves: () => this.#status === 'serving',
      settled: () => this.settled(),
    });
  }

  get status(): ShardStatus {
    return this.#status;
  }
  /** Why the shard is damaged, for operators; null otherwise. */
  get fault(): string | null {
    return this.#fault;
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

  /**
   * Claims the shard and rebuilds its memory. Resolves when it serves or is found damaged; while the store is down, or the lease is
   * not valid, it tries on, until it is given up or stopped.
   */
  async start(options: StartOptions = {}): Promise<void> {
    const life = ++this.#life;
    this.#status = 'recovering';
    this.#fault = null;
    this.#admitting = options.admitting ?? false;
    let warm = options.warm ?? null;
    while (this.#life === life && this.#status === 'recovering') {
      try {
        await this.#recover(life, warm);
      } catch (error) {
        // Memory that was changed half way is of no use for another try.
        warm = null;
        if (this.#life !== life) return;
        this.#recoveryFailed(error);
        if (this.#status === 'recovering') await this.#pause();
      }
    }
  }

  /** Finishes what is in flight, refuses what waits, and leaves a snapshot, unless what was in flight came to nothing. */
  async stop(): Promise<void> {
    const wasServing = this.#status === 'serving' || this.#status === 'leaving';
    const life = this.#life;
    this.#status = 'stopped';
    this.#setTimer(Infinity);
    this.#refuseWaiting();
    if (!wasServing) return;
    await this.settled();
    if (this.#life !== life) return;
    await this.#snapshots.finish(this.#epoch, this.#sequence, this.#time, this.#memory.drops);
  }

  /**
   * Ends admission, for a move: what comes now waits. Resolves to the last durable sequence once nothing is in flight, or to null
   * where the shard does not serve.
   */
  async leave(): Promise<number | null> {
    if (this.#status !== 'serving') return null;
    const life = this.#life;
    this.#status = 'leaving';
    this.#setTimer(Infinity);
    await this.settled();
    return this.#life === life && this.#isLeaving() ? this.#sequence : null;
  }

  /** Takes `leave` back: nobody else has claimed the shard. */
  resume(): void {
    if (this.#status !== 'leaving') return;
    this.#status = 'serving';
    this.#admitWaiting();
  }

  /** Gives the shard up at once: its memory is forgotten, and what waits is sent to whoever has it. */
  abandon(): void {
    if (this.#status === 'stopped') return;
    this.#life += 1;
    this.#status = 'stopped';
    this.#setTimer(Infinity);
    this.#inFlight?.refuse(this.#awayReply('unknown'));
    this.#forget();
    this.#refuseWaiting();
    this.#settle();
  }

  /** Takes a command. Call `pump` once after a group of them. */
  submit(waiting: WaitingCommand): void {
    if (this.#status !== 'serving') {
      this.#submitElsewhere(waiting);
      return;
    }
    const { dropId, type } = waiting.command;
    if (type === 'get-drop') {
      const view = this.#memory.view(dropId);
      if (view !== undefined)
        return waiting.slots.complete(waiting.index, { ok: true, value: view });
    }
    if (this.#mailbox.length >= MAILBOX_LENGTH_MAX)
      return waiting.slots.complete(waiting.index, OVERLOADED);
    if (type === 'create-drop' || this.#memory.find(dropId) !== undefined)
      this.#mailbox.push(waiting);
    else this.#load(waiting);
  }

  #submitElsewhere(waiting: WaitingCommand): void {
    const { slots, index } = waiting;
    const admits = this.#isLeaving() || (this.#status === 'recovering' && this.#admitting);
    if (!admits) {
      slots.complete(index, this.#status === 'stopped' ? this.#awayReply('no') : UNAVAILABLE);
    } else if (this.#mailbox.length >= MAILBOX_LENGTH_MAX) slots.complete(index, OVERLOADED);
    else this.#mailbox.push(waiting);
  }

  /** What came while nobody could decide takes the usual way now. */
  #admitWaiting(): void {
    const waiting = this.#mailbox;
    this.#mailbox = [];
    for (const one of waiting) this.submit(one);
    this.pump();
  }

  #isLeaving(): boolean {
    return this.#status === 'leaving';
  }

  #awayReply(executed: Moved['executed']): Moved | CommandReply {
    const { away } = this.#options;
    return away === null ? UNAVAILABLE : { ...away(this.id), executed };
  }

  /** Starts the next batch, if none is in flight and something waits or is due. */
  pump(): void {
    while (this.#status === 'serving' && this.#inFlight === null) {
      const now = Math.max(this.#options.clock.now(), this.#time);
      if (this.#mailbox.length === 0 && this.#memory.nextDeadline > now) break;
      const batch = new ShardBatch(now);
      try {
        decideBatch(this.#memory, batch, this.#takeWaiting());
      } catch (error) {
        batch.refuse(UNAVAILABLE);
        this.#fail(error);
        return;
      }
      if (batch.eventCount === 0) batch.release();
      else this.#append(batch);
    }
    if (this.#status === 'serving' && this.#inFlight === null)
      this.#setTimer(this.#memory.nextDeadline);
  }

  /** Resolves at the next moment at which memory holds nothing that is not durable, before anything else is decided. */
  settled(): Promise<void> {
    if (this.#inFlight === null) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled.push(resolve));
  }

  /** What became of a durable entry, for a relay that has to read the journal again. */
  async factsOf(entry: Entry): Promise<RelayBatch> {
    const life = this.#life;
    const states = new Map<string, DropState>();
    for (const { dropId } of entry.changes) {
      if (this.#memory.find(dropId) !== undefined) continue;
      const sealed = await this.#memory.sealed.load(dropId);
      if (sealed !== null) states.set(dropId, sealed);
    }
    const facts: RelayFact[] = [];
    await this.#whileSettled(() => {
      if (this.#life !== life || this.#status === 'stopped')
        throw new StoreUnavailableError(`shard ${this.id} is not served here any more`);
      for (const change of entry.changes) {
        const state = this.#memory.find(change.dropId) ?? states.get(change.dropId);
        if (state === undefined)
          throw new CorruptError(`drop ${change.dropId} of a durable entry is nowhere`);
        addFacts(facts, state, change.events, null);
      }
    });
    return { shard: this.id, sequence: entry.sequence, time: entry.time, facts };
  }

  /** Reads all drops in memory at one durable moment; `read` must not keep or change them. */
  async inspect<T>(
    read: (drops: ReadonlyMap<string, DropState>, sequence: number) => T,
  ): Promise<T> {
    let result: T | undefined;
    await this.#whileSettled(() => {
      result = read(this.#memory.drops, this.#sequence);
    });
    return result as T;
  }

  #whileSettled(work: () => void): Promise<void> {
    if (this.#inFlight === null) {
      work();
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#onSettled.push(() => {
        try {
          if (this.#status === 'recovering')
            throw new StoreUnavailableError(`shard ${this.id} is recovering`);
          work();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #takeWaiting(): readonly WaitingCommand[] {
    const waiting = this.#mailbox;
    this.#mailbox = waiting.length <= BATCH_COMMANDS_MAX ? [] : waiting.slice(BATCH_COMMANDS_MAX);
    return waiting.length <= BATCH_COMMANDS_MAX ? waiting : waiting.slice(0, BATCH_COMMANDS_MAX);
  }

  #append(batch: ShardBatch): void {
    this.#inFlight = batch;
    const sequence = this.#sequence + 1;
    const bytes = encodeEntry({
      shard: this.id,
      sequence,
      time: batch.time,
      changes: batch.changes,
    });
    const life = this.#life;
    this.#options.journal.append(this.id, this.#epoch, sequence, bytes).then(
      () => {
        if (this.#life === life) this.#appended(batch, sequence);
      },
      (error: unknown) => {
        if (this.#life !== life) return;
        const fenced = error instanceof FencedError && this.#options.onFenced !== null;
        batch.refuse(fenced ? this.#awayReply('no') : UNAVAILABLE);
        this.#fail(error);
      },
    );
  }

  #appended(batch: ShardBatch, sequence: number): void {
    this.#inFlight = null;
    this.#sequence = sequence;
    this.#time = batch.time;
    this.#ordersPlaced += batch.placedCount;
    const facts: RelayFact[] = [];
    for (const change of batch.changes) {
      addFacts(facts, change.state, change.events, change.orders);
      this.#publish(change.state, this.#memory.noteDurable(change.state), change.milestones);
    }
    this.#options.onDurable({ shard: this.id, sequence, time: batch.time, facts });
    batch.release();
    this.#settle();
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
    if (!lease.valid()) return;
    bus.publish(dropTopic(state.id), { type: 'drop', view, milestones });
    for (const milestone of milestones) {
      bus.publish(creatorTopic(state.creatorId), { type: 'milestone', milestone });
    }
  }

  #settle(): void {
    const calls = this.#onSettled;
    this.#onSettled = [];
    for (const call of calls) call();
  }

  #load(waiting: WaitingCommand): void {
    const { dropId } = waiting.command;
    const life = this.#life;
    const accepted = this.#memory.sealed.park(waiting, (state, parked) => {
      // What was read for an earlier life may be older than what this one has.
      if (this.#life !== life || this.#status !== 'serving') {
        for (const one of parked) this.submit(one);
        return;
      }
      if (state !== null && this.#memory.find(dropId) === undefined) this.#adopt(state);
      this.#mailbox.push(...parked);
      this.pump();
    });
    if (!accepted) waiting.slots.complete(waiting.index, OVERLOADED);
  }

  #adopt(state: DropState): DropView {
    this.#memory.add(state);
    return this.#memory.noteDurable(state);
  }

  /** Memory can no longer be trusted: forget it, and begin again from the journal, unless somebody else has the shard. */
  #fail(error: unknown): void {
    const { log, onFenced } = this.#options;
    if (this.#status === 'stopped') {
      this.#life += 1;
      this.#forget();
      this.#settle();
      return;
    }
    if (error instanceof FencedError && onFenced !== null) {
      log.warn({ err: error, shard: this.id }, 'a shard was claimed elsewhere and is given up');
      this.#inFlight = null;
      this.abandon();
      onFenced(this.id);
      return;
    }
    log.error(
      { err: error, shard: this.id },
      'a shard lost its append and starts again from the journal',
    );
    this.#status = 'recovering';
    this.#setTimer(Infinity);
    this.#forget();
    this.#refuseWaiting();
    this.#settle();
    void this.start();
  }

  #forget(): void {
    this.#inFlight = null;
    this.#memory.clear();
  }

  #refuseWaiting(): void {
    const waiting = this.#mailbox;
    this.#mailbox = [];
    const reply = this.#status === 'stopped' ? this.#awayReply('no') : UNAVAILABLE;
    for (const one of waiting) one.slots.complete(one.index, reply);
  }

  async #recover(life: number, warm: RecoveredShard | null): Promise<void> {
    const { journal, owner, lease } = this.#options;
    if (!lease.valid()) throw new StoreUnavailableError('this node has no lease');
    const claim = await journal.claim(this.id, owner);
    const options = { ...this.#options, shard: this.id, lastSequence: claim.lastSequence };
    const recovered =
      warm === null ? await recoverShard(options) : await continueRecovery(warm, options);
    if (this.#life !== life || this.#status !== 'recovering') return;
    this.#epoch = claim.epoch;
    this.#sequence = claim.lastSequence;
    this.#time = recovered.time;
    this.#snapshots.recovered(recovered);
    // What was in memory here and meanwhile went elsewhere and back is of another life.
    this.#forget();
    for (const state of recovered.drops.values()) this.#publish(state, this.#adopt(state), []);
    this.#recoveryDelayMs = RECOVERY_DELAY_FIRST_MS;
    this.#status = 'serving';
    this.#options.onRecovered(this.id, this.#sequence);
    this.#admitWaiting();
  }

  #recoveryFailed(error: unknown): void {
    if (error instanceof CorruptError || (error as { code?: unknown }).code === 'invariant') {
      this.#status = 'damaged';
      this.#fault = (error as Error).message;
      this.#options.log.error(
        { err: error, shard: this.id },
        'a shard is damaged and stays closed',
      );
      return;
    }
    // Once for each outage: every shard tries again and again while the store is down.
    const level = this.#recoveryDelayMs === RECOVERY_DELAY_FIRST_MS ? 'warn' : 'debug';
    this.#options.log[level](
      { shard: this.id, reason: (error as Error).message },
      'a shard could not be claimed and replayed yet',
    );
  }

  #pause(): Promise<void> {
    const delayMs = this.#recoveryDelayMs;
    this.#recoveryDelayMs = Math.min(delayMs * 2, RECOVERY_DELAY_MAX_MS);
    return new Promise((resolve) => this.#options.clock.after(delayMs, resolve));
  }

  #setTimer(at: number): void {
    if (at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAt = at;
    if (at === Infinity) return;
    this.#timer = this.#options.clock.after(at - this.#options.clock.now(), () => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.pump();
    });
  }
}
