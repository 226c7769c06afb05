// One consumer's way through the journals: what waits for it, where it is, when it is tried again. A
// lane is fed in one of two ways. Beside the shards it takes each batch from the owner's memory while
// it keeps up. Anywhere else, and where it does not keep up, it hears only how far a journal goes and
// replays the rest (events/replay/replay.ts). The consumer gets the same facts either way.

import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import type { FactBatch } from '../actors/shard/facts.ts';
import type { JournalReader } from '../storage/ports/journal.ts';
import type { SnapshotReader } from '../storage/ports/snapshots.ts';
import type { OpenSpill } from '../storage/ports/spill.ts';
import { Backoff } from './backoff.ts';
import type { EventConsumer } from './consumer.ts';
import { DropStates } from './replay/drop-states.ts';
import { Replay } from './replay/replay.ts';

/** Facts that may wait in memory. */
const LANE_FACTS_MAX = 200_000;
/** A replay hands over so many facts or entries at once; an entry is never divided. */
const PORTION_FACTS = 4096;
const PORTION_ENTRIES = 128;
/** Halves the lists' share of the CPU time in a storm of orders, and nobody notices it (N4). */
const CONSUME_INTERVAL_MS = 20;
const RETRY_DELAY_FIRST_MS = 50;
const RETRY_DELAY_MAX_MS = 5000;

export interface LaneOptions {
  readonly consumer: EventConsumer;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /** Whether `durable` brings facts, so that a shard's replay has no use once it is level. */
  readonly fedByOwner: boolean;
  /**
   * Time from one call of the consumer with facts from memory to the next, at least, in milliseconds:
   * what comes meanwhile goes together. The first batch after a pause is not held up.
   */
  readonly consumeIntervalMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ConsumerLag {
  readonly consumer: string;
  /** Durable facts that wait in memory. */
  readonly facts: number;
  /** Durable entries that are to be read from journals; all of a journal until its place is known. */
  readonly entries: number;
  /** Shards that are read from their journals, or whose journal is damaged where it would have to be. */
  readonly shardsBehind: number;
  /** For how long the oldest of all that has waited, in milliseconds; 0 where nothing waits. */
  readonly ms: number;
}

interface Waiting {
  readonly batch: FactBatch;
  /** When it became durable, by the monotonic clock. */
  readonly at: number;
}

/** A shard that is read from its journal. */
interface Behind {
  readonly shard: number;
  /** Since when, by the monotonic clock. */
  readonly since: number;
  /** The last sequence the consumer has taken; null: where its own position says. */
  after: number | null;
  /** Read, and not taken yet. */
  portion: FactBatch[];
  /**
   * What became durable behind the last sequence that is being read now, so that the lane can go on
   * from memory when that is reached; null where it would be too much.
   */
  following: Waiting[] | null;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #consumer: EventConsumer;
  readonly #states: DropStates;
  readonly #backoff = new Backoff({ firstMs: RETRY_DELAY_FIRST_MS, maxMs: RETRY_DELAY_MAX_MS });
  #queue: Waiting[] = [];
  /** Being consumed now, or to be tried again. */
  #taken: Waiting[] = [];
  #facts = 0;
  /** Last durable sequence of each shard. */
  readonly #durable = new Map<number, number>();
  /** In the order of their turns. */
  readonly #behind = new Map<number, Behind>();
  /** Shards whose journal is damaged where it would have to be read. */
  readonly #blocked = new Map<number, Behind>();
  readonly #replays = new Map<number, Replay>();
  /** The replay that reads just now. */
  #reading: Replay | null = null;
  #running: Promise<void> | null = null;
  #consumedAt = -Infinity;
  #wake: (() => void) | null = null;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#consumer = options.consumer;
    this.#states = new DropStates(options);
  }

  /** The shard's journal ends at `sequence`; where the consumer is in it is asked of the consumer. */
  recovered(shard: number, sequence: number): void {
    this.released(shard);
    this.#durable.set(shard, sequence);
    if (sequence === 0) return;
    this.#fallBehind(shard, null);
    this.#run();
  }

  /** The shard is somebody else's now, and so is what of it has not been consumed here. */
  released(shard: number): void {
    this.#durable.delete(shard);
    this.#closeReplay(shard);
    this.#behind.delete(shard);
    this.#blocked.delete(shard);
    this.#queue = this.#queue.filter((waiting) => waiting.batch.shard !== shard);
    this.#taken = this.#taken.filter((waiting) => waiting.batch.shard !== shard);
    this.#countFacts();
  }

  /** One entry became durable: to be called in the order of each shard's sequence. */
  durable(batch: FactBatch): void {
    const { shard, sequence } = batch;
    this.#durable.set(shard, sequence);
    if (this.#blocked.has(shard)) return;
    const behind = this.#behind.get(shard);
    const hasRoom = this.#facts + batch.facts.length <= LANE_FACTS_MAX;
    if (behind !== undefined && (behind.following === null || !hasRoom)) {
      behind.following = null;
    } else if (hasRoom) {
      const waiting = { batch, at: this.#options.clock.monotonic() };
      (behind?.following ?? this.#queue).push(waiting);
      this.#facts += batch.facts.length;
    } else {
      this.#fallBehind(shard, sequence - 1);
    }
    this.#run();
  }

  /** The shard's journal goes as far as `sequence`; there are no facts at hand. */
  grown(shard: number, sequence: number): void {
    const before = this.#durable.get(shard);
    if (before === undefined) return this.recovered(shard, sequence);
    if (sequence <= before) return;
    this.#durable.set(shard, sequence);
    if (!this.#behind.has(shard) && !this.#blocked.has(shard)) this.#fallBehind(shard, before);
    this.#run();
  }

  lag(): ConsumerLag {
    let entries = 0;
    let oldest = this.#taken[0]?.at ?? this.#queue[0]?.at ?? Infinity;
    for (const behind of [...this.#behind.values(), ...this.#blocked.values()]) {
      entries += (this.#durable.get(behind.shard) ?? 0) - (behind.after ?? 0);
      oldest = Math.min(oldest, behind.since);
    }
    return {
      consumer: this.#consumer.name,
      facts: this.#facts,
      entries,
      shardsBehind: this.#behind.size + this.#blocked.size,
      ms: oldest === Infinity ? 0 : this.#options.clock.monotonic() - oldest,
    };
  }

  /** Of one shard: durable facts not taken, or entries where they are not in memory. */
  lagOf(shard: number): number {
    const behind = this.#behind.get(shard) ?? this.#blocked.get(shard);
    if (behind !== undefined) return (this.#durable.get(shard) ?? 0) - (behind.after ?? 0);
    let facts = 0;
    for (const { batch } of this.#taken) if (batch.shard === shard) facts += batch.facts.length;
    for (const { batch } of this.#queue) if (batch.shard === shard) facts += batch.facts.length;
    return facts;
  }

  /** Resolves when the consumer has all that was durable at the call, or the lane stops. */
  caughtUp(): Promise<void> {
    if (this.#running === null) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Lets the work in hand end and takes up no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
    for (const shard of this.#replays.keys()) this.#closeReplay(shard);
  }

  #fallBehind(shard: number, after: number | null): void {
    const since = this.#options.clock.monotonic();
    this.#behind.set(shard, { shard, since, after, portion: [], following: null });
  }

  #countFacts(): void {
    this.#facts = 0;
    for (const { batch } of this.#taken) this.#facts += batch.facts.length;
    for (const { batch } of this.#queue) this.#facts += batch.facts.length;
    for (const { following } of this.#behind.values())
      for (const { batch } of following ?? []) this.#facts += batch.facts.length;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #run(): void {
    if (this.#running !== null || this.#stopped) return;
    this.#running = this.#work().finally(() => {
      this.#running = null;
      for (const resolve of this.#idle.splice(0)) resolve();
      if (this.#hasWork()) this.#run();
    });
  }

  #hasWork(): boolean {
    return this.#taken.length > 0 || this.#queue.length > 0 || this.#behind.size > 0;
  }

  async #work(): Promise<void> {
    while (this.#hasWork() && !this.#stopped) {
      try {
        await this.#consumeQueue();
        const [behind] = this.#behind.values();
        if (behind !== undefined) await this.#catchUp(behind);
        this.#backoff.succeeded();
      } catch (error) {
        const { log } = this.#options;
        log.warn({ err: error, consumer: this.#consumer.name }, 'a consumer of events has to wait');
        await this.#pause(this.#backoff.next());
      }
    }
  }

  async #consumeQueue(): Promise<void> {
    const { clock, consumeIntervalMs = CONSUME_INTERVAL_MS } = this.#options;
    if (this.#queue.length === 0 && this.#taken.length === 0) return;
    const restMs = this.#consumedAt + consumeIntervalMs - clock.monotonic();
    if (restMs > 0) await this.#pause(restMs);
    this.#taken = this.#taken.length === 0 ? this.#queue : [...this.#taken, ...this.#queue];
    this.#queue = [];
    this.#consumedAt = clock.monotonic();
    if (this.#taken.length === 0) return;
    await this.#consumer.consume(this.#taken.map(({ batch }) => batch));
    this.#taken = [];
    this.#countFacts();
  }

  /** Brings one portion of one shard to the consumer. */
  async #catchUp(behind: Behind): Promise<void> {
    const { shard } = behind;
    try {
      if (behind.portion.length === 0) await this.#readPortion(behind);
    } finally {
      this.#giveOthersTheirTurn(behind);
    }
    if (!this.#isCurrent(behind)) return;
    if (behind.portion.length > 0) await this.#consumer.consume(behind.portion);
    if (!this.#isCurrent(behind)) return;
    behind.after = behind.portion.at(-1)?.sequence ?? behind.after!;
    behind.portion = [];
    const { following } = behind;
    const next = following?.[0]?.batch.sequence ?? this.#durable.get(shard)! + 1;
    if (following === null || next > behind.after + 1) return;
    this.#queue.push(...following);
    this.#behind.delete(shard);
    if (this.#options.fedByOwner) this.#closeReplay(shard);
  }

  /** False where the shard was released meanwhile, or begun anew, or is blocked. */
  #isCurrent(behind: Behind): boolean {
    return this.#behind.get(behind.shard) === behind;
  }

  #giveOthersTheirTurn(behind: Behind): void {
    if (!this.#isCurrent(behind)) return;
    this.#behind.delete(behind.shard);
    this.#behind.set(behind.shard, behind);
  }

  async #readPortion(behind: Behind): Promise<void> {
    const { shard } = behind;
    behind.after ??= await this.#consumer.position(shard);
    if (!this.#isCurrent(behind)) return;
    const last = this.#durable.get(shard)!;
    behind.following = [];
    if (behind.after >= last) return;
    const replay = this.#replayOf(shard, behind.after);
    this.#reading = replay;
    try {
      let facts = 0;
      for await (const batch of replay.read(last)) {
        if (!this.#isCurrent(behind)) return;
        behind.portion.push(batch);
        facts += batch.facts.length;
        if (facts >= PORTION_FACTS || behind.portion.length >= PORTION_ENTRIES) break;
      }
    } catch (error) {
      if (this.#isCurrent(behind)) this.#readFailed(behind, error);
    } finally {
      this.#reading = null;
      if (this.#replays.get(shard) !== replay) replay.close();
    }
    if (replay.position >= last) return;
    behind.following = null;
    this.#countFacts();
  }

  /** What was read before the fault is taken first; then the fault comes again. */
  #readFailed(behind: Behind, error: unknown): void {
    if (behind.portion.length > 0) return;
    const { code } = error as { code?: unknown };
    if (code !== 'corrupt' && code !== 'invariant') throw error;
    const { shard } = behind;
    // Never skipped (J5): what follows the damage waits for a person, and for the shard's next recovery.
    this.#options.log.error(
      { err: error, consumer: this.#consumer.name, shard },
      'a shard cannot be relayed further',
    );
    this.#behind.delete(shard);
    this.#blocked.set(shard, behind);
    this.#closeReplay(shard);
  }

  #replayOf(shard: number, after: number): Replay {
    const open = this.#replays.get(shard);
    if (open !== undefined && open.position === after) return open;
    this.#closeReplay(shard);
    const { journal, snapshots } = this.#options;
    const replay = new Replay({ shard, after, journal, snapshots, states: this.#states });
    this.#replays.set(shard, replay);
    return replay;
  }

  /** One that reads just now is closed when it has read. */
  #closeReplay(shard: number): void {
    const replay = this.#replays.get(shard);
    this.#replays.delete(shard);
    if (replay !== undefined && replay !== this.#reading) replay.close();
  }
}
