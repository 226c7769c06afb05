// Runs the consumers that must not be beside the shards: in a thread of their own, they follow the
// journals by themselves. They poll how far each journal goes and replay what is new, so the owner of
// a shard does nothing for them, whatever they do: sleep, throw or burn a CPU.
//
// Where several nodes could run a consumer, one holds its lease. Positions only ever rise, and
// delivery is at least once anyway, so two that run it for a moment repeat work and lose none.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { assert } from '../../domain/assert.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import type { EventConsumer } from '../consumer.ts';
import { type ConsumerLag, Lane } from '../lane.ts';
import type { ConsumerLease } from './consumer-lease.ts';

/** How late an event reaches a consumer at most, where it keeps up. */
const POLL_MS = 100;

export interface OffLoopRunnerOptions {
  readonly consumers: readonly EventConsumer[];
  readonly shardCount: number;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /** Null: this process alone runs them. */
  readonly leaseOf: ((consumer: string) => ConsumerLease) | null;
  readonly pollMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export class OffLoopRunner {
  readonly #options: OffLoopRunnerOptions;
  readonly #followed: readonly Followed[];
  #timer: Timer | null = null;
  #polling: Promise<void> | null = null;
  #stopped = false;

  constructor(options: OffLoopRunnerOptions) {
    this.#options = options;
    for (const { name, placement } of options.consumers)
      assert(placement === 'off-loop', `${name} runs beside the shards`);
    this.#followed = options.consumers.map((consumer) => new Followed(consumer, options));
  }

  start(): void {
    if (this.#stopped) return;
    this.#polling = this.#poll().finally(() => {
      this.#polling = null;
      if (this.#stopped) return;
      const { clock, pollMs = POLL_MS } = this.#options;
      this.#timer = clock.after(pollMs, () => this.start());
    });
  }

  lag(): ConsumerLag[] {
    return this.#followed.filter(({ runs }) => runs).map(({ lane }) => lane.lag());
  }

  /** Lets the work in hand end, and gives the leases to others. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#polling;
    await Promise.all(this.#followed.map((one) => one.stop()));
  }

  /** Never rejects: a store that does not answer is asked again next time. */
  async #poll(): Promise<void> {
    const { journal, shardCount, log } = this.#options;
    try {
      await Promise.all(this.#followed.map((one) => one.checkLease()));
      const running = this.#followed.filter(({ runs }) => runs);
      if (running.length === 0) return;
      const shards = Array.from({ length: shardCount }, (_, shard) => shard);
      await Promise.all(
        shards.map(async (shard) => {
          const { lastSequence } = await journal.head(shard);
          for (const { lane, runs } of running) if (runs) lane.grown(shard, lastSequence);
        }),
      );
    } catch (error) {
      log.warn({ err: error }, 'journals could not be followed');
    }
  }
}

/** One consumer, while this process may run it and while it may not. */
class Followed {
  readonly #options: OffLoopRunnerOptions;
  readonly #consumer: EventConsumer;
  readonly #lease: ConsumerLease | null;
  lane: Lane;
  runs: boolean;
  /** The lane has lost its lease, and its work in hand is not done. */
  #ending: Promise<void> | null = null;

  constructor(consumer: EventConsumer, options: OffLoopRunnerOptions) {
    this.#options = options;
    this.#consumer = consumer;
    this.#lease = options.leaseOf?.(consumer.name) ?? null;
    this.lane = this.#newLane();
    this.runs = this.#lease === null;
  }

  async checkLease(): Promise<void> {
    if (this.#lease === null) return;
    const holds = await this.#lease.hold();
    if (!holds && this.runs) {
      this.runs = false;
      this.#ending = this.lane.stop().then(() => {
        this.#ending = null;
      });
    } else if (holds && !this.runs && this.#ending === null) {
      this.lane = this.#newLane();
      this.runs = true;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.lane.stop(), this.#ending]);
    await this.#lease?.release();
  }

  #newLane(): Lane {
    return new Lane({ ...this.#options, consumer: this.#consumer, fedByOwner: false });
  }
}
