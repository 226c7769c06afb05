// One consumer's progress through the journals: the waiting batches, the position in each journal,
// and retries. A lane gets its facts in two ways. Beside the shards it takes each batch from the
// owner's memory, as long as it keeps up. Elsewhere, or when it falls behind, it only gets the end
// of each journal and replays the entries up to it (events/replay/replay.ts). The consumer gets the
// same facts either way.

import type { Logger } from 'pino';
import { isDamage } from '../actors/shard/recovery.ts';
import type { Clock } from '../actors/clock.ts';
import type { FactBatch } from '../actors/shard/facts.ts';
import { ConsumedTrace } from '../actors/tracing/batch-trace.ts';
import type { Tracing } from '../actors/tracing/tracing.ts';
import type { JournalReader } from '../storage/ports/journal.ts';
import type { SnapshotReader } from '../storage/ports/snapshots.ts';
import type { OpenSpill } from '../storage/ports/spill.ts';
import { Backoff } from './backoff.ts';
import type { EventConsumer } from './consumer.ts';
import { DropStates } from './replay/drop-states.ts';
import { Replay } from './replay/replay.ts';

/** Facts that wait in memory. */
const LANE_FACTS_MAX = 200_000;
/** A replay gives at most this many facts or entries at once. An entry is never split. */
const PORTION_FACTS = 4096;
const PORTION_ENTRIES = 128;
/**
 * This interval halves the lists' share of CPU time under very many orders, and is too short to
 * notice (N4).
 */
const CONSUME_INTERVAL_MS = 20;
const RETRY_DELAY_FIRST_MS = 50;
const RETRY_DELAY_MAX_MS = 5000;

export interface LaneOptions {
  readonly consumer: EventConsumer;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /**
   * Whether `durable` brings facts. If so, a shard's replay is not needed once the lane has caught
   * up.
   */
  readonly fedByOwner: boolean;
  /**
   * The shortest time between two calls of the consumer with facts from memory, in milliseconds.
   * Batches of the meantime are consumed together. The first batch after a pause is not delayed.
   */
  readonly consumeIntervalMs?: number;
  /** Null, or absent: this node does not trace. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ConsumerLag {
  readonly consumer: string;
  /** Durable facts that wait in memory. */
  readonly facts: number;
  /**
   * Durable entries to be read from journals; the whole journal until the consumer's position is
   * loaded.
   */
  readonly entries: number;
  /**
   * Shards that are read from their journals, or whose journal is damaged where it would be read.
   */
  readonly shardsBehind: number;
  /** How long the oldest waiting fact or entry has waited, in milliseconds; 0 where none waits. */
  readonly ms: number;
}

interface QueuedBatch {
  readonly batch: FactBatch;
  /** The monotonic time at which the batch became durable. */
  readonly at: number;
}

/** A shard that is read from its journal. */
interface Behind {
  readonly shard: number;
  /** The monotonic time at which the shard fell behind. */
  readonly since: number;
  /** The last consumed sequence. Null: the consumer's stored position. */
  after: number | null;
  /** Batches that are read and not consumed yet. */
  portion: FactBatch[];
  /**
   * Batches that became durable after the last sequence of the present read. Once that is reached,
   * the lane continues with them from memory. Null where they were too many.
   */
  following: QueuedBatch[] | null;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #consumer: EventConsumer;
  readonly #states: DropStates;
  readonly #backoff = new Backoff({ firstMs: RETRY_DELAY_FIRST_MS, maxMs: RETRY_DELAY_MAX_MS });
  #queue: QueuedBatch[] = [];
  /** Batches that are being consumed, or will be retried. */
  #consuming: QueuedBatch[] = [];
  #facts = 0;
  /** Last durable sequence of each shard. */
  readonly #durable = new Map<number, number>();
  /** In the order in which they are read next. */
  readonly #behind = new Map<number, Behind>();
  /** Shards whose journal is damaged where it would be read. */
  readonly #blocked = new Map<number, Behind>();
  readonly #replays = new Map<number, Replay>();
  /** The replay that is reading now. */
  #reading: Replay | null = null;
  #running: Promise<void> | null = null;
  #consumedAt = -Infinity;
  #wake: (() => void) | null = null;
  #stopped = false;
  #idleListeners: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#consumer = options.consumer;
    this.#states = new DropStates(options);
  }

  /**
   * The shard's journal ends at `sequence`. The consumer's own position says how much it has
   * consumed.
   */
  recovered(shard: number, sequence: number): void {
    this.released(shard);
    this.#durable.set(shard, sequence);
    if (sequence === 0) return;
    this.#fallBehind(shard, null);
    this.#run();
  }

  /** The shard moved to another owner, which also consumes what is not consumed here. */
  released(shard: number): void {
    this.#durable.delete(shard);
    this.#closeReplay(shard);
    this.#behind.delete(shard);
    this.#blocked.delete(shard);
    this.#queue = this.#queue.filter((waiting) => waiting.batch.shard !== shard);
    this.#consuming = this.#consuming.filter((waiting) => waiting.batch.shard !== shard);
    this.#countFacts();
  }

  /** Adds a durable entry. To be called in the order of each shard's sequence. */
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

  /** The shard's journal has grown up to `sequence`. The facts are not in memory. */
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
    let oldest = this.#consuming[0]?.at ?? this.#queue[0]?.at ?? Infinity;
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

  /**
   * The lag of one shard: durable facts that are not consumed, or entries where facts are not in
   * memory.
   */
  lagOf(shard: number): number {
    const behind = this.#behind.get(shard) ?? this.#blocked.get(shard);
    if (behind !== undefined) return (this.#durable.get(shard) ?? 0) - (behind.after ?? 0);
    let facts = 0;
    for (const { batch } of this.#consuming) if (batch.shard === shard) facts += batch.facts.length;
    for (const { batch } of this.#queue) if (batch.shard === shard) facts += batch.facts.length;
    return facts;
  }

  /**
   * Resolves when the consumer has consumed everything that was durable at the call, or the lane
   * stops.
   */
  caughtUp(): Promise<void> {
    if (this.#running === null) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  /** Finishes the batch in progress and starts no other. */
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
    for (const { batch } of this.#consuming) this.#facts += batch.facts.length;
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
      for (const resolve of this.#idleListeners.splice(0)) resolve();
      if (this.#hasWork()) this.#run();
    });
  }

  #hasWork(): boolean {
    return this.#consuming.length > 0 || this.#queue.length > 0 || this.#behind.size > 0;
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
        log.warn({ err: error, consumer: this.#consumer.name }, 'a consumer of events is retried');
        await this.#pause(this.#backoff.next());
      }
    }
  }

  async #consumeQueue(): Promise<void> {
    const { clock, consumeIntervalMs = CONSUME_INTERVAL_MS } = this.#options;
    if (this.#queue.length === 0 && this.#consuming.length === 0) return;
    const waitMs = this.#consumedAt + consumeIntervalMs - clock.monotonic();
    if (waitMs > 0) await this.#pause(waitMs);
    this.#consuming =
      this.#consuming.length === 0 ? this.#queue : [...this.#consuming, ...this.#queue];
    this.#queue = [];
    this.#consumedAt = clock.monotonic();
    if (this.#consuming.length === 0) return;
    await this.#consume(this.#consuming.map(({ batch }) => batch));
    this.#consuming = [];
    this.#countFacts();
  }

  /** Of the traced commands of batches from memory each has a span. Errors: the consumer's. */
  async #consume(batches: readonly FactBatch[]): Promise<void> {
    const { tracing = null } = this.#options;
    if (tracing === null) return await this.#consumer.consume(batches);
    const traces = batches.flatMap(({ trace }) => (trace === undefined ? [] : [trace]));
    const consumed = new ConsumedTrace(tracing, this.#consumer.name, traces);
    try {
      await this.#consumer.consume(batches);
    } catch (error) {
      consumed.ended('consume-failed');
      throw error;
    }
    consumed.ended(null);
  }

  /** Reads one portion of one shard and gives it to the consumer. */
  async #catchUp(behind: Behind): Promise<void> {
    const { shard } = behind;
    try {
      if (behind.portion.length === 0) await this.#readPortion(behind);
    } finally {
      this.#moveToEnd(behind);
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

  /** False where the shard was released, recovered again or blocked meanwhile. */
  #isCurrent(behind: Behind): boolean {
    return this.#behind.get(behind.shard) === behind;
  }

  #moveToEnd(behind: Behind): void {
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

  /** Batches read before the fault are consumed first. Then the read fails again. */
  #readFailed(behind: Behind, error: unknown): void {
    if (behind.portion.length > 0) return;
    if (!isDamage(error)) throw error;
    const { shard } = behind;
    // Damage is never skipped (J5): the entries after it wait for a repair and the shard's next
    // recovery.
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

  /** A replay that is reading is closed after its read. */
  #closeReplay(shard: number): void {
    const replay = this.#replays.get(shard);
    this.#replays.delete(shard);
    if (replay !== undefined && replay !== this.#reading) replay.close();
  }
}
