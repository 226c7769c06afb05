// Runs an off-loop consumer of events. In a thread of its own it polls the end of each journal and
// replays the new entries. So the owner of a shard does nothing for the consumer, even when it
// sleeps, throws or burns a CPU.
//
// Where several nodes could run the consumer, one has its lease. Positions only rise, and delivery
// is at least once, so two nodes that run it for a moment repeat work and lose none.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { assert } from '../../domain/assert.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import type { EventConsumer } from '../consumer.ts';
import { LastRead } from '../last-read.ts';
import { type ConsumerLag, Lane } from '../lane.ts';
import type { ConsumerLease } from './consumer-lease.ts';

/** The longest delay of an event, where the consumer keeps up. */
const POLL_MS = 100;
/**
 * The next poll after one that found that nobody needs what comes. Whoever needs it from then on
 * gets all that came since that poll. A poll stores positions, which is an fsync on the disk of the
 * journals: ten a second beside a sale were a tenth of its commits, and orders waited for them.
 */
const PASSED_OVER_POLL_MS = 1_000;

export interface OffLoopRunnerOptions {
  readonly consumer: EventConsumer;
  readonly shardCount: number;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /** Null: this process alone runs the consumer. */
  readonly lease: ConsumerLease | null;
  readonly pollMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export class OffLoopRunner {
  readonly #options: OffLoopRunnerOptions;
  readonly #lastPoll: LastRead;
  #lane: Lane;
  /** Whether the lane was told of entries. */
  #follows = false;
  /** Whether this process may run the consumer now. */
  #runs: boolean;
  /** The stop of a lane that lost its lease, while its batch is in progress. */
  #ending: Promise<void> | null = null;
  /** Until the next poll, in milliseconds. */
  #pollMs: number;
  #timer: Timer | null = null;
  #polling: Promise<void> | null = null;
  #stopped = false;

  constructor(options: OffLoopRunnerOptions) {
    this.#options = options;
    const { pollMs = POLL_MS, clock } = options;
    this.#pollMs = pollMs;
    this.#lastPoll = new LastRead({ intervalMs: pollMs, clock });
    const { name, placement } = options.consumer;
    assert(placement === 'off-loop', `${name} runs beside the shards`);
    this.#lane = this.#newLane();
    this.#runs = options.lease === null;
  }

  start(): void {
    this.#lastPoll.now();
    this.#follow();
  }

  /**
   * Empty while another process runs the consumer. While the ends of the journals cannot be read,
   * `ms` is at least for how long that is so.
   */
  lag(): ConsumerLag[] {
    if (!this.#runs) return [];
    const lag = this.#lane.lag();
    return [{ ...lag, ms: Math.max(lag.ms, this.#lastPoll.overdueMs()) }];
  }

  /** Finishes the batch in progress and releases the lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#polling;
    await Promise.all([this.#lane.stop(), this.#ending]);
    await this.#options.lease?.release();
  }

  #follow(): void {
    if (this.#stopped) return;
    this.#polling = this.#poll().finally(() => {
      this.#polling = null;
      if (this.#stopped) return;
      this.#timer = this.#options.clock.after(this.#pollMs, () => this.#follow());
    });
  }

  /** Never rejects: after an error of the store the next poll tries again. */
  async #poll(): Promise<void> {
    const { journal, shardCount, consumer, pollMs = POLL_MS, log } = this.#options;
    this.#pollMs = pollMs;
    try {
      await this.#checkLease();
      if (!this.#runs) return;
      const shards = Array.from({ length: shardCount }, (_, shard) => shard);
      const ends = await Promise.all(
        shards.map(async (shard) => {
          const { lastSequence } = await journal.head(shard);
          return { shard, sequence: lastSequence };
        }),
      );
      if ((await consumer.passesOver?.(ends)) === true) {
        this.#pollMs = Math.max(pollMs, PASSED_OVER_POLL_MS);
        await this.#leaveLane();
      } else {
        this.#follows = true;
        for (const { shard, sequence } of ends) this.#lane.grown(shard, sequence);
      }
      this.#lastPoll.now(this.#pollMs);
    } catch (error) {
      log.warn({ err: error }, 'journals could not be followed');
    }
  }

  async #checkLease(): Promise<void> {
    const { lease } = this.#options;
    if (lease === null) return;
    const holds = await lease.hold();
    if (!holds && this.#runs) {
      this.#runs = false;
      this.#ending = this.#lane.stop().then(() => {
        this.#ending = null;
      });
    } else if (holds && !this.#runs && this.#ending === null) {
      this.#lane = this.#newLane();
      this.#lastPoll.now();
      this.#runs = true;
    }
  }

  /** The next lane begins at the positions that are stored then. */
  async #leaveLane(): Promise<void> {
    if (!this.#follows) return;
    await this.#lane.stop();
    this.#lane = this.#newLane();
    this.#follows = false;
  }

  #newLane(): Lane {
    return new Lane({ ...this.#options, fedByOwner: false });
  }
}
