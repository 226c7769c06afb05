// The shards of one node. Takes the commands of a call, gives each to its shard, and passes the
// replies on as they come, so that a shard that is stuck delays only its own. A node alone serves
// every shard; among several each serves those that it owns (`actors/cluster/ownership.ts`) and
// redirects the rest.

import type { Logger } from 'pino';
import type { DurationSample } from '../../domain/duration-counts.ts';
import { refusal } from '../../domain/refusal.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import {
  FEATURE_LEVEL,
  type FeatureLevels,
  ReachedLevel,
} from '../../storage/ports/feature-level.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock, Timer } from '../clock.ts';
import { type Lease, PERMANENT_LEASE } from '../cluster/lease.ts';
import type { LiveBus } from '../live-bus.ts';
import { SaleMeter } from '../sale-meter.ts';
import type { ShardReport } from '../../contracts/operator.ts';
import { type FactSink, NO_FACT_SINK } from './facts.ts';
import { LoadedDrops } from './loaded-drops.ts';
import type { OrderRows } from './sealed-reads.ts';
import { Shard, type SharedOwnership } from './shard.ts';
import type { ReplySlots } from './shard-batch.ts';
import type { ReplySink, ShardReply } from './shard-reply.ts';
import type { CallTraces } from '../tracing/call-traces.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { ShardUpkeep } from './shard-upkeep.ts';

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
  /** Answers reads of orders whose drop is sealed. */
  readonly orderList: OrderRows;
  /** Default: `LOADED_BYTES_MAX`. */
  readonly loadedBytesMax?: number;
  readonly bus: LiveBus;
  /** Receives the facts of every shard here; without it nobody does. */
  readonly facts?: FactSink;
  /** Without it this node is alone. */
  readonly shared?: SharedOwnership;
  /** Default: that of this version, as for a node alone. */
  readonly levels?: FeatureLevels;
  /** Counts what the shards decide; for all upkeep of the process. */
  readonly meter?: SaleMeter;
  /** `BATCH_GAP_MS`, or 0, as without it: small entries follow each other without a pause. */
  readonly batchGapMs?: number;
  /** Null, or absent: this node does not trace. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the shards of this process did. */
export interface ShardCounts {
  readonly commandsDecided: number;
  readonly ordersPlaced: number;
  /** The longest wait in a mailbox, of each batch. */
  readonly mailboxWaits: DurationSample;
}

export class ShardHost {
  readonly shards: readonly Shard[];
  readonly #facts: FactSink;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #upkeep: ShardUpkeep;
  readonly #tracing: Tracing | null;
  readonly #rates: Float64Array;
  readonly #countedOrders: Float64Array;
  #rateTimer: Timer | null = null;

  constructor(options: ShardHostOptions) {
    const { nodeId, shardCount, journal, snapshots, orderList, bus, clock, log } = options;
    const facts = options.facts ?? NO_FACT_SINK;
    const shared = options.shared ?? null;
    const lease = shared?.lease ?? PERMANENT_LEASE;
    const levels = options.levels ?? new ReachedLevel(FEATURE_LEVEL);
    const tracing = options.tracing ?? null;
    this.#tracing = tracing;
    this.#facts = facts;
    this.#lease = lease;
    this.#clock = clock;
    this.#rates = new Float64Array(shardCount);
    this.#countedOrders = new Float64Array(shardCount);
    const upkeep = new ShardUpkeep({ meter: options.meter ?? new SaleMeter(), clock });
    this.#upkeep = upkeep;
    const bytesMax = options.loadedBytesMax;
    const loadedDrops = new LoadedDrops({ clock, ...(bytesMax !== undefined && { bytesMax }) });
    this.shards = Array.from(
      { length: shardCount },
      (_, id) =>
        new Shard({
          id,
          owner: nodeId,
          journal,
          snapshots,
          orderRows: orderList,
          loadedDrops,
          bus,
          facts,
          lease,
          levels,
          shared,
          upkeep,
          batchGapMs: options.batchGapMs ?? 0,
          tracing,
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
   * Takes the commands of a call. The sink gets one reply for each, together with the others that
   * come in the same turn, in the order in which they come, and never from inside `submit`: what
   * cannot be served is `unavailable`, `overloaded` or `moved`. A reply that comes when the lease
   * has run out does not leave (W2). `traces`: see `ExecuteParams`.
   */
  submit(commands: readonly DropCommand[], sink: ReplySink, traces?: string): void {
    const traced =
      this.#tracing === null || traces === undefined
        ? null
        : { joined: traces, receivedAt: this.#clock.monotonic() };
    const slots = new CallSlots(this.#lease, sink, traced);
    const touched = new Set<Shard>();
    for (let index = 0; index < commands.length; index++) {
      const command = commands[index]!;
      const shard = this.shards[shardOf(command.dropId, this.shards.length)]!;
      touched.add(shard);
      shard.submit({ command, slots, index });
    }
    for (const shard of touched) shard.pump();
  }

  /** As `submit`; resolves to all replies in the order of their commands. Never rejects. */
  execute(commands: readonly DropCommand[]): Promise<ShardReply[]> {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const all = new Array<ShardReply>(commands.length);
      let left = commands.length;
      this.submit(commands, {
        replied(indexes, replies) {
          for (let i = 0; i < indexes.length; i++) all[indexes[i]!] = replies[i]!;
          left -= indexes.length;
          if (left === 0) resolve(all);
        },
      });
    });
  }

  /** Gives a shard up, so that another node can serve it, or because another node does. */
  abandon(shard: number): void {
    this.shards[shard]!.abandon();
    this.#facts.released(shard);
  }

  /** Serves a quarantined drop again. False where it is not in quarantine here, or since then. */
  releaseQuarantine(dropId: string, since?: number): boolean {
    return this.shards[shardOf(dropId, this.shards.length)]!.releaseQuarantine(dropId, since);
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

  /** Since the start. */
  counts(): ShardCounts {
    const { meter, mailboxWaits } = this.#upkeep;
    return {
      commandsDecided: meter.commands,
      ordersPlaced: this.shards.reduce((sum, { ordersPlaced }) => sum + ordersPlaced, 0),
      mailboxWaits: mailboxWaits.sample(),
    };
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

/**
 * Gathers the replies to one call's commands of each turn. The sink gets them in a microtask, when
 * the shard has already begun its next batch.
 */
class CallSlots implements ReplySlots {
  readonly traces: CallTraces | null;
  readonly #lease: Lease;
  readonly #sink: ReplySink;
  #indexes: number[] = [];
  #replies: ShardReply[] = [];
  readonly #flush = (): void => {
    const indexes = this.#indexes;
    const replies = this.#replies;
    this.#indexes = [];
    this.#replies = [];
    this.#sink.replied(indexes, this.#lease.valid() ? replies : replies.map(() => UNAVAILABLE));
  };

  constructor(lease: Lease, sink: ReplySink, traces: CallTraces | null) {
    this.traces = traces;
    this.#lease = lease;
    this.#sink = sink;
  }

  complete(index: number, reply: ShardReply): void {
    if (this.#indexes.length === 0) queueMicrotask(this.#flush);
    this.#indexes.push(index);
    this.#replies.push(reply);
  }
}
