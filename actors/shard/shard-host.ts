// The shards of one node. Takes groups of commands, spreads them over their shards, and answers each group when all of it is
// answered. A node alone serves every shard; among several each serves those it owns (`actors/cluster/ownership.ts`) and sends the rest on.

import type { Logger } from 'pino';
import { refusal } from '../../domain/refusal.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import type { Entry } from '../../storage/formats/entry.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import { type Lease, PERMANENT_LEASE } from '../cluster/lease.ts';
import type { LiveBus } from '../live-bus.ts';
import type { ShardReport } from '../node-report.ts';
import { type FactBatch, type FactSink, NO_FACT_SINK } from './facts.ts';
import { Shard } from './shard.ts';
import type { ReplySlots } from './shard-batch.ts';
import type { Moved, ShardReply } from './shard-reply.ts';

/** Shards claimed and replayed at the same time at start. */
const RECOVERIES_AT_ONCE = 16;
const RATE_INTERVAL_MS = 1000;
/** The newest second's share of an order rate: what was five seconds ago hardly counts. */
const RATE_WEIGHT = 0.4;

const UNAVAILABLE: ShardReply = refusal('unavailable');

/** What a node among others needs to know of them. */
export interface SharedOwnership {
  readonly lease: Lease;
  /** Where commands for a shard go that this node does not serve. */
  readonly away: (shard: number) => Moved;
  /** Somebody else claimed the journal of a shard served here; it is given up already. */
  readonly onFenced: (shard: number) => void;
}

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
    const { clock, facts = NO_FACT_SINK, shardCount, shared } = options;
    this.#facts = facts;
    this.#lease = shared?.lease ?? PERMANENT_LEASE;
    this.#clock = clock;
    this.#rates = new Float64Array(shardCount);
    this.#countedOrders = new Float64Array(shardCount);
    const onDurable = (batch: FactBatch) => facts.durable(batch);
    const onRecovered = (shard: number, sequence: number) => facts.recovered(shard, sequence);
    const onDamaged = (shard: number) => facts.released(shard);
    this.shards = Array.from(
      { length: shardCount },
      (_, id) =>
        new Shard({
          ...options,
          id,
          owner: options.nodeId,
          lease: this.#lease,
          away: shared?.away ?? null,
          onFenced: shared?.onFenced ?? null,
          onDurable,
          onRecovered,
          onDamaged,
        }),
    );
    this.#measureRates();
  }

  /** Serves every shard: for a node alone. Resolves when each of them serves or is found damaged. */
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
   * Answers commands in their order. Never rejects: what cannot be served is `unavailable`, `overloaded` or `moved`. When the
   * lease has run out by the time the answers are there, none of them leaves (W2).
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

  /** What became of a durable entry of a shard served here. Errors: `corrupt`, `store-unavailable`. */
  factsOf(entry: Entry): Promise<FactBatch> {
    return this.shards[entry.shard]!.factsOf(entry);
  }

  /** Gives a shard up, so that another node can serve it or because another node does. */
  abandon(shard: number): void {
    this.shards[shard]!.abandon();
    this.#facts.released(shard);
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
