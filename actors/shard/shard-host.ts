// The shards of one node. Takes groups of commands, gives each command to its shard, and answers a
// group when all of it is answered. A node alone serves every shard; among several each serves
// those that it owns (`actors/cluster/ownership.ts`) and redirects the rest.

import type { Logger } from 'pino';
import { refusal } from '../../domain/refusal.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import { type Lease, PERMANENT_LEASE } from '../cluster/lease.ts';
import type { LiveBus } from '../live-bus.ts';
import type { ShardReport } from '../../contracts/operator.ts';
import { DueShare } from './due-pace.ts';
import { type FactSink, NO_FACT_SINK } from './facts.ts';
import { Shard, type SharedOwnership } from './shard.ts';
import type { ReplySlots } from './shard-batch.ts';
import type { ShardReply } from './shard-reply.ts';

/** Shards claimed and replayed at the same time at start. */
const RECOVERIES_AT_ONCE = 16;
const RATE_INTERVAL_MS = 1000;
/** The newest second's share of an order rate: orders of five seconds ago hardly count. */
const RATE_WEIGHT = 0.4;

const UNAVAILABLE: ShardReply = refusal('unavailable');

export interface ShardHostOptions {
  readonly nodeId: string;
  /** Fixed at the store's first start. */
  readonly shardCount: number;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly bus: LiveBus;
  /** Receives the facts of every shard here; without it nobody does. */
  readonly facts?: FactSink;
  /** Without it this node is alone. */
  readonly shared?: SharedOwnership;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ShardHost {
  readonly shards: readonly Shard[];
  readonly #facts: FactSink;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #rates: Float64Array;
  readonly #countedOrders: Float64Array;
  #rateTimer: Timer | null = null;

  constructor(options: ShardHostOptions) {
    const { nodeId, shardCount, journal, snapshots, bus, clock, log } = options;
    const facts = options.facts ?? NO_FACT_SINK;
    const shared = options.shared ?? null;
    const lease = shared?.lease ?? PERMANENT_LEASE;
    this.#facts = facts;
    this.#lease = lease;
    this.#clock = clock;
    this.#rates = new Float64Array(shardCount);
    this.#countedOrders = new Float64Array(shardCount);
    const dueShare = new DueShare();
    this.shards = Array.from(
      { length: shardCount },
      (_, id) =>
        new Shard({
          id,
          owner: nodeId,
          journal,
          snapshots,
          bus,
          facts,
          lease,
          shared,
          dueShare,
          clock,
          log,
        }),
    );
    this.#measureRates();
  }

  /**
   * Serves every shard: for a node alone. Resolves when each of them serves or is found damaged.
   */
  async start(): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < this.shards.length) await this.shards[next++]!.start();
    };
    await Promise.all(Array.from({ length: RECOVERIES_AT_ONCE }, work));
  }

  async stop(): Promise<void> {
    this.#rateTimer?.cancel();
    await Promise.all(this.shards.map((shard) => shard.stop()));
  }

  /**
   * Answers commands in their order. Never rejects: what cannot be served is `unavailable`,
   * `overloaded` or `moved`. When the lease has run out by the time the answers are there, none of
   * them leaves (W2).
   */
  execute(commands: readonly DropCommand[]): Promise<ShardReply[]> {
    return new Promise((resolve) => {
      const slots = new CommandGroup(commands.length, (replies) =>
        resolve(this.#lease.valid() ? replies : replies.map(() => UNAVAILABLE)),
      );
      const touched = new Set<Shard>();
      for (let index = 0; index < commands.length; index++) {
        const command = commands[index]!;
        const shard = this.shards[shardOf(command.dropId, this.shards.length)]!;
        touched.add(shard);
        shard.submit({ command, slots, index });
      }
      for (const shard of touched) shard.pump();
    });
  }

  /** Gives a shard up, so that another node can serve it, or because another node does. */
  abandon(shard: number): void {
    this.shards[shard]!.abandon();
    this.#facts.released(shard);
  }

  /** Serves a quarantined drop again. False where it is not in quarantine here. */
  releaseQuarantine(dropId: string): boolean {
    return this.shards[shardOf(dropId, this.shards.length)]!.releaseQuarantine(dropId);
  }

  /** Of every shard that is not stopped. */
  report(): ShardReport[] {
    const reports: ShardReport[] = [];
    for (const shard of this.shards) {
      if (shard.status === 'stopped') continue;
      reports.push({
        shard: shard.id,
        status: shard.status,
        fault: shard.fault,
        quarantined: shard.quarantined,
        epoch: shard.epoch,
        sequence: shard.sequence,
        waiting: shard.waitingCount,
        drops: shard.dropCount,
        liveDrops: shard.liveDropCount,
        ordersPerSecond: Math.round(this.#rates[shard.id]! * 10) / 10,
        relayLag: this.#facts.lagOf(shard.id),
      });
    }
    return reports;
  }

  #measureRates(): void {
    this.#rateTimer = this.#clock.after(RATE_INTERVAL_MS, () => {
      for (const shard of this.shards) {
        const { id, ordersPlaced } = shard;
        const perSecond = ((ordersPlaced - this.#countedOrders[id]!) * 1000) / RATE_INTERVAL_MS;
        this.#countedOrders[id] = ordersPlaced;
        this.#rates[id] = this.#rates[id]! * (1 - RATE_WEIGHT) + perSecond * RATE_WEIGHT;
      }
      this.#measureRates();
    });
  }
}

class CommandGroup implements ReplySlots {
  readonly #replies: ShardReply[];
  readonly #resolve: (replies: ShardReply[]) => void;
  #left: number;

  constructor(count: number, resolve: (replies: ShardReply[]) => void) {
    this.#replies = new Array<ShardReply>(count);
    this.#left = count;
    this.#resolve = resolve;
    if (count === 0) resolve(this.#replies);
  }

  complete(index: number, reply: ShardReply): void {
    this.#replies[index] = reply;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve(this.#replies);
  }
}
