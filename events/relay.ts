// Hands every durable event to every consumer, in order for each shard, at least once. Batches come straight from memory while a
// consumer keeps up; a shard whose batches did not fit, or that begins behind its consumer's position, is read from the journal.
// Each consumer has its own lane, so a slow one holds up nobody else.

import type { Logger } from 'pino';
import type { Entry } from '../storage/formats/entry.ts';
import { CorruptError, type Journal } from '../storage/ports/journal.ts';
import type { Clock } from '../actors/clock.ts';
import type { EventConsumer } from './consumer.ts';
import type { FactBatch, FactSink } from '../actors/shard/facts.ts';
import { readEntries } from '../actors/shard/recovery.ts';

/** Facts that may wait in memory in one lane. */
const LANE_FACTS_MAX = 200_000;
/** Journal entries read at once while catching up. */
const CATCH_UP_ENTRIES = 128;
/** Halves the projections' share of the CPU time in a storm of orders, and is far below what a person notices (N4). */
const CONSUME_INTERVAL_MS = 20;
const RETRY_DELAY_FIRST_MS = 50;
const RETRY_DELAY_MAX_MS = 5000;

export interface RelayOptions {
  readonly consumers: readonly EventConsumer[];
  readonly journal: Journal;
  /**
   * Time from one call of a consumer to the next, at least, in milliseconds: what comes meanwhile goes together. The first batch
   * after a pause is not held up.
   */
  readonly consumeIntervalMs?: number;
  /** `ShardHost.factsOf`. */
  readonly factsOf: (entry: Entry) => Promise<FactBatch>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Relay implements FactSink {
  readonly #lanes: readonly Lane[];

  constructor(options: RelayOptions) {
    this.#lanes = options.consumers.map((consumer) => new Lane(consumer, options));
  }

  /** A shard serves, with its journal up to `sequence`: what its consumers have not seen is read again. */
  recovered(shard: number, sequence: number): void {
    for (const lane of this.#lanes) lane.recovered(shard, sequence);
  }

  /** The shard is served elsewhere now, and so is what of it has not been consumed here. */
  released(shard: number): void {
    for (const lane of this.#lanes) lane.released(shard);
  }

  /** One entry became durable: to be called in the order of each shard's sequence. */
  durable(batch: FactBatch): void {
    for (const lane of this.#lanes) lane.durable(batch);
  }

  /** Facts waiting in memory, and shards being read from the journal, by consumer. */
  lag(): { consumer: string; facts: number; shardsBehind: number }[] {
    return this.#lanes.map((lane) => lane.lag());
  }

  /** Events of one shard that are durable and that the slowest consumer has not taken; entries where they are not in memory. */
  lagOf(shard: number): number {
    return Math.max(0, ...this.#lanes.map((lane) => lane.lagOf(shard)));
  }

  /** Resolves when every consumer has all that was durable at the call, or the relay stops. */
  async caughtUp(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.caughtUp()));
  }

  /** Lets the work in hand end and takes up no more. */
  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }
}

class Lane {
  readonly #consumer: EventConsumer;
  readonly #options: RelayOptions;
  #queue: FactBatch[] = [];
  #queuedFacts = 0;
  /** Last durable sequence of each shard. */
  readonly #durable = new Map<number, number>();
  /** Shards to read from the journal, and the sequence to read after; null: wherever the consumer has come to. */
  readonly #behind = new Map<number, number | null>();
  /** Shards whose journal is damaged where it would have to be read, and the sequence before that. */
  readonly #blocked = new Map<number, number>();
  #running: Promise<void> | null = null;
  #consumedAt = -Infinity;
  #wake: (() => void) | null = null;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(consumer: EventConsumer, options: RelayOptions) {
    this.#consumer = consumer;
    this.#options = options;
  }

  recovered(shard: number, sequence: number): void {
    this.#durable.set(shard, sequence);
    this.#blocked.delete(shard);
    if (sequence === 0) return;
    this.#behind.set(shard, null);
    this.#run();
  }

  released(shard: number): void {
    this.#durable.delete(shard);
    this.#behind.delete(shard);
    this.#blocked.delete(shard);
    const kept = this.#queue.filter((batch) => batch.shard !== shard);
    for (const batch of this.#queue) {
      if (batch.shard === shard) this.#queuedFacts -= batch.facts.length;
    }
    this.#queue = kept;
  }

  durable(batch: FactBatch): void {
    this.#durable.set(batch.shard, batch.sequence);
    if (this.#behind.has(batch.shard) || this.#blocked.has(batch.shard)) return;
    if (this.#queuedFacts + batch.facts.length > LANE_FACTS_MAX) {
      this.#behind.set(batch.shard, batch.sequence - 1);
    } else {
      this.#queue.push(batch);
      this.#queuedFacts += batch.facts.length;
    }
    this.#run();
  }

  lag(): { consumer: string; facts: number; shardsBehind: number } {
    return {
      consumer: this.#consumer.name,
      facts: this.#queuedFacts,
      shardsBehind: this.#behind.size + this.#blocked.size,
    };
  }

  lagOf(shard: number): number {
    const last = this.#durable.get(shard);
    const behind = this.#behind.has(shard) ? this.#behind.get(shard) : this.#blocked.get(shard);
    if (last === undefined || behind === null) return last ?? 0;
    let facts = behind === undefined ? 0 : last - behind;
    for (const batch of this.#queue) if (batch.shard === shard) facts += batch.facts.length;
    return facts;
  }

  caughtUp(): Promise<void> {
    if (this.#running === null) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
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
    return this.#queue.length > 0 || this.#behind.size > 0;
  }

  async #work(): Promise<void> {
    let delayMs = RETRY_DELAY_FIRST_MS;
    while (this.#hasWork() && !this.#stopped) {
      try {
        await this.#consumeQueue();
        await this.#catchUpOne();
        delayMs = RETRY_DELAY_FIRST_MS;
      } catch (error) {
        this.#options.log.warn(
          { err: error, consumer: this.#consumer.name },
          'a consumer of events has to wait',
        );
        await this.#pause(delayMs);
        delayMs = Math.min(delayMs * 2, RETRY_DELAY_MAX_MS);
      }
    }
  }

  async #consumeQueue(): Promise<void> {
    if (this.#queue.length === 0) return;
    const { clock, consumeIntervalMs = CONSUME_INTERVAL_MS } = this.#options;
    const restMs = this.#consumedAt + consumeIntervalMs - clock.monotonic();
    if (restMs > 0) await this.#pause(restMs);
    const batches = this.#queue;
    const facts = this.#queuedFacts;
    this.#queue = [];
    this.#consumedAt = clock.monotonic();
    try {
      await this.#consumer.consume(batches);
    } catch (error) {
      this.#queue = [...batches, ...this.#queue];
      throw error;
    }
    this.#queuedFacts -= facts;
  }

  async #catchUpOne(): Promise<void> {
    const next = this.#behind.entries().next();
    if (next.done === true) return;
    const [shard, known] = next.value;
    try {
      await this.#catchUp(shard, known);
    } catch (error) {
      // The others have their turn before it is tried again.
      const from = this.#behind.get(shard);
      if (this.#behind.delete(shard)) this.#behind.set(shard, from!);
      throw error;
    }
  }

  async #catchUp(shard: number, known: number | null): Promise<void> {
    const after = known ?? (await this.#consumer.position(shard));
    const durable = this.#durable.get(shard);
    if (durable === undefined) return;
    const last = Math.min(durable, after + CATCH_UP_ENTRIES);
    const batches: FactBatch[] = [];
    try {
      for await (const entry of readEntries(this.#options.journal, shard, after, last)) {
        batches.push(await this.#options.factsOf(entry));
      }
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      // Never skipped (J5): what follows the damage waits for a person, and for the shard's next recovery.
      this.#options.log.error(
        { err: error, consumer: this.#consumer.name, shard },
        'a shard cannot be relayed further',
      );
      if (this.#behind.delete(shard)) this.#blocked.set(shard, after);
      return;
    }
    if (batches.length > 0) await this.#consumer.consume(batches);
    // Served elsewhere meanwhile.
    if (!this.#behind.has(shard)) return;
    if (last >= this.#durable.get(shard)!) this.#behind.delete(shard);
    else this.#behind.set(shard, last);
  }
}
