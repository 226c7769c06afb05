// What leaves a shard, and when (O2): while an entry is on its way into the journal, no answer, no
// read and no live frame that depends on it does.

import type { DropState } from '../../domain/drop-state.ts';
import type { DropView, MilestoneType } from '../../contracts/drops.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Lease } from '../cluster/lease.ts';
import {
  creatorTopic,
  dropTopic,
  type LiveBus,
  type Milestone,
  STATUS_TOPIC,
} from '../live-bus.ts';
import { BackInStock, type DecidedMilestone } from './back-in-stock.ts';
import type { ShardBatch } from './shard-batch.ts';
import type { ShardDrops } from './shard-drops.ts';
import type { ShardReply } from './shard-reply.ts';

const STATUS_MILESTONES: ReadonlySet<MilestoneType> = new Set(['started', 'ended', 'cancelled']);
/** Between two checks whether a lease that had run out is valid again. */
const LEASE_CHECK_INTERVAL_MS = 250;

/**
 * Holds the batch in flight, and the reads that wait for the next durable moment: one at which
 * memory holds nothing that the journal does not.
 */
export class OutputGate {
  #inFlight: ShardBatch | null = null;
  /** Called, once each, when the batch in flight has come to its end. */
  #waiting: ((durable: boolean) => void)[] = [];

  get isOpen(): boolean {
    return this.#inFlight === null;
  }

  /** Until the batch is durable, or lost. */
  close(batch: ShardBatch): void {
    this.#inFlight = batch;
  }

  /**
   * The batch in flight is durable: its answers leave. Reads that wait run before anything else is
   * decided.
   */
  release(): void {
    const batch = this.#inFlight!;
    this.#inFlight = null;
    batch.release();
    this.#settle(true);
  }

  /**
   * Whether the batch in flight became durable will not be known here: its commands are answered
   * `reply`. To be called when memory is cleared already.
   */
  refuse(reply: ShardReply): void {
    this.#inFlight?.refuse(reply);
    this.#inFlight = null;
    this.#settle(false);
  }

  /**
   * Resolves when nothing is in flight, to whether what was became durable. For a caller that has
   * ended admission: otherwise the next batch may be decided before the caller continues.
   */
  settled(): Promise<boolean> {
    if (this.isOpen) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Reads memory at the next durable moment. Errors: what `read` throws; `store-unavailable` where
   * the batch in flight is lost.
   */
  async atDurable<T>(read: () => T): Promise<T> {
    if (this.isOpen) return read();
    return await new Promise<T>((resolve, reject) => {
      this.#waiting.push((durable) => {
        if (!durable) return reject(new StoreUnavailableError('the entry in flight was lost'));
        try {
          resolve(read());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #settle(durable: boolean): void {
    const calls = this.#waiting;
    this.#waiting = [];
    for (const call of calls) call(durable);
  }
}

/**
 * Publishes the live frames of durable changes. Without a valid lease a frame is withheld. Where
 * the lease becomes valid again while the shard is still here, no other node has published the
 * drop, and a drop that does not change any more would stay outdated for everybody who watches it
 * (N3): so the newest view of each withheld drop is published then.
 */
export class LiveFrames {
  readonly #bus: LiveBus;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #drops: ShardDrops;
  readonly #backInStock: BackInStock;
  readonly #withheld = new Set<string>();
  #timer: Timer | null = null;

  constructor(options: {
    readonly bus: LiveBus;
    readonly lease: Lease;
    readonly levels: FeatureLevels;
    readonly clock: Clock;
    readonly drops: ShardDrops;
  }) {
    this.#bus = options.bus;
    this.#lease = options.lease;
    this.#clock = options.clock;
    this.#drops = options.drops;
    this.#backInStock = new BackInStock({
      clock: options.clock,
      levels: options.levels,
      publish: (dropId) => this.#publishReturn(dropId),
    });
  }

  publish(state: DropState, view: DropView, decided: readonly DecidedMilestone[]): void {
    if (!this.#lease.valid()) {
      this.#backInStock.withhold(state.id, decided);
      this.#withheld.add(state.id);
      this.#startTimer();
      return;
    }
    this.#send(view, this.#backInStock.admit(state.id, view.free, decided));
  }

  clear(): void {
    this.#backInStock.clear();
    this.#withheld.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Of an unlisted drop only those hear who watch it by its id. */
  #send(view: DropView, milestones: readonly Milestone[]): void {
    if (view.unlisted === true) {
      this.#bus.publish(dropTopic(view.id), { type: 'drop', view, milestones });
      return;
    }
    for (const milestone of milestones) {
      if (!STATUS_MILESTONES.has(milestone.type)) continue;
      this.#bus.publish(STATUS_TOPIC, { type: 'milestone', milestone });
    }
    this.#bus.publish(dropTopic(view.id), { type: 'drop', view, milestones });
    for (const milestone of milestones) {
      this.#bus.publish(creatorTopic(view.creatorId), { type: 'milestone', milestone });
    }
  }

  #publishReturn(dropId: string): 'published' | 'withheld' | 'outdated' {
    if (!this.#lease.valid()) return 'withheld';
    const view = this.#drops.view(dropId);
    if (view === undefined || view.status !== 'live' || view.free === 0 || view.paused === true)
      return 'outdated';
    this.#send(view, [{ type: 'back_in_stock', view }]);
    return 'published';
  }

  #startTimer(): void {
    this.#timer ??= this.#clock.after(LEASE_CHECK_INTERVAL_MS, () => {
      this.#timer = null;
      this.#publishWithheld();
    });
  }

  #publishWithheld(): void {
    if (!this.#lease.valid()) return this.#startTimer();
    for (const dropId of this.#withheld) {
      const view = this.#drops.view(dropId);
      if (view === undefined) continue;
      this.#send(view, []);
    }
    this.#withheld.clear();
  }
}
