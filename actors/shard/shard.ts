// A shard: the one place that decides for its drops (S2). Its loop decides (`actors/shard/shard-loop.ts`); here is its life on this node:
// when the loop may run, what commands are told when it may not, and how it begins again.
//
// When an append fails or its outcome is unknown (J3), memory may be ahead of the journal or behind it. So the shard forgets
// everything, answers what waits `unavailable`, claims again (which fences the append that may still be under way) and replays.
//
// Where several nodes share the shards, each shard has an owner for a while: `start` takes it over, `leave` ends admission so that
// another node can (`resume` takes that back), `abandon` gives it up. What comes meanwhile waits in the mailbox or is sent on.

import type { Logger } from 'pino';
import type { CommandReply } from '../../contracts/commands.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { refusal } from '../../domain/refusal.ts';
import type { Entry } from '../../storage/formats/entry.ts';
import { FencedError, type Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock } from '../clock.ts';
import type { FactBatch } from './facts.ts';
import type { Lease } from '../cluster/lease.ts';
import type { LiveBus } from '../live-bus.ts';
import type { RecoveredShard } from './recovery.ts';
import type { WaitingCommand } from './shard-batch.ts';
import { ShardLoop } from './shard-loop.ts';
import { type ClaimedShard, isDamage, ShardRecovery } from './shard-recovery.ts';
import type { Moved } from './shard-reply.ts';

const UNAVAILABLE: CommandReply = refusal('unavailable');

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
  readonly onDurable: (batch: FactBatch) => void;
  /** The shard serves (again), with everything up to `sequence`. */
  readonly onRecovered: (shard: number, sequence: number) => void;
  /** The shard was found damaged: what it has in memory is gone. */
  readonly onDamaged: (shard: number) => void;
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
  readonly #loop: ShardLoop;
  readonly #recovery: ShardRecovery;
  #status: ShardStatus = 'stopped';
  #fault: string | null = null;
  /** Grows whenever the shard starts or is given up, so that work of an earlier life can tell. */
  #life = 0;
  #admitting = false;

  constructor(options: ShardOptions) {
    this.id = options.id;
    this.#options = options;
    this.#recovery = new ShardRecovery(options);
    this.#loop = new ShardLoop({
      ...options,
      onFailed: (error) => this.#failed(error),
      submitAgain: (waiting) => this.submit(waiting),
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
   * Claims the shard and rebuilds its memory. Resolves when it serves or is found damaged; while the store is down, or the lease is
   * not valid, it tries on, until it is given up or stopped.
   */
  async start(options: StartOptions = {}): Promise<void> {
    const life = ++this.#life;
    this.#status = 'recovering';
    this.#fault = null;
    this.#admitting = options.admitting ?? false;
    // What was in memory here and meanwhile went elsewhere and back is of another life.
    this.#loop.end(this.#awayReply('unknown'));
    let warm = options.warm ?? null;
    while (this.#life === life && this.#status === 'recovering') {
      try {
        const claimed = await this.#recovery.attempt(warm);
        if (this.#life === life && this.#status === 'recovering') this.#serve(claimed);
      } catch (error) {
        if (this.#life !== life) return;
        if (isDamage(error)) return this.#close(error);
        // Nobody knows when the next one comes to something (J7).
        this.#admitting = false;
        this.#loop.refuseWaiting(UNAVAILABLE);
        // Memory that was changed half way is of no use for another try.
        warm = null;
        await this.#recovery.waitAfter(error);
      }
    }
  }

  /** Finishes what is in flight, refuses what waits, and leaves a snapshot, unless what was in flight came to nothing. */
  async stop(): Promise<void> {
    const wasServing = this.#status === 'serving' || this.#status === 'leaving';
    this.#status = 'stopped';
    this.#loop.refuseWaiting(this.#awayReply('no'));
    if (wasServing && (await this.#loop.rest())) await this.#loop.leaveSnapshot();
  }

  /**
   * Ends admission, for a move: what comes now waits. Resolves to the last durable sequence once nothing is in flight, or to null
   * where the shard does not serve.
   */
  async leave(): Promise<number | null> {
    if (this.#status !== 'serving') return null;
    const life = this.#life;
    this.#status = 'leaving';
    await this.#loop.rest();
    return this.#life === life && this.#isLeaving() ? this.#loop.sequence : null;
  }

  /** Takes `leave` back: nobody else has claimed the shard. */
  resume(): void {
    if (this.#status !== 'leaving') return;
    this.#status = 'serving';
    this.#loop.resume();
  }

  /** Gives the shard up at once: its memory is forgotten, and what waits is sent to whoever has it. */
  abandon(): void {
    if (this.#status === 'stopped') return;
    this.#life += 1;
    this.#status = 'stopped';
    this.#loop.end(this.#awayReply('unknown'));
    this.#loop.refuseWaiting(this.#awayReply('no'));
  }

  /** Takes a command. Call `pump` once after a group of them. */
  submit(waiting: WaitingCommand): void {
    if (this.#status === 'serving') this.#loop.submit(waiting);
    else if (this.#isLeaving() || (this.#status === 'recovering' && this.#admitting))
      this.#loop.keep(waiting);
    else waiting.slots.complete(waiting.index, this.#refusal());
  }

  /** Starts the next batch, if none is in flight and something waits or is due. */
  pump(): void {
    this.#loop.pump();
  }

  /** `ShardLoop.factsOf`. */
  factsOf(entry: Entry): Promise<FactBatch> {
    return this.#loop.factsOf(entry);
  }

  /** `ShardLoop.inspect`. */
  inspect<T>(read: (drops: ReadonlyMap<string, DropState>, sequence: number) => T): Promise<T> {
    return this.#loop.inspect(read);
  }

  #isLeaving(): boolean {
    return this.#status === 'leaving';
  }

  /** The answer to what cannot even wait. */
  #refusal(): Moved | CommandReply {
    return this.#status === 'stopped' ? this.#awayReply('no') : UNAVAILABLE;
  }

  #awayReply(executed: Moved['executed']): Moved | CommandReply {
    const { away } = this.#options;
    return away === null ? UNAVAILABLE : { ...away(this.id), executed };
  }

  #serve(claimed: ClaimedShard): void {
    this.#loop.begin(claimed);
    this.#status = 'serving';
    this.#options.onRecovered(this.id, this.#loop.sequence);
    this.#loop.resume();
  }

  /** The loop can no longer trust its memory: the shard begins again from the journal, unless somebody else has it. */
  #failed(error: unknown): void {
    const { log, onFenced } = this.#options;
    const fenced = error instanceof FencedError && onFenced !== null;
    this.#loop.end(fenced ? this.#awayReply('no') : UNAVAILABLE);
    if (this.#status === 'stopped') return;
    if (fenced) {
      log.warn({ err: error, shard: this.id }, 'a shard was claimed elsewhere and is given up');
      this.abandon();
      onFenced(this.id);
      return;
    }
    log.error(
      { err: error, shard: this.id },
      'a shard lost its append and starts again from the journal',
    );
    this.#loop.refuseWaiting(UNAVAILABLE);
    void this.start();
  }

  #close(damage: Error): void {
    this.#status = 'damaged';
    this.#fault = damage.message;
    this.#loop.end(UNAVAILABLE);
    this.#loop.refuseWaiting(UNAVAILABLE);
    const { log, onDamaged } = this.#options;
    onDamaged(this.id);
    log.error({ err: damage, shard: this.id }, 'a shard is damaged and stays closed');
  }
}
