// All shards of one node. Takes groups of commands, spreads them over their shards, and answers each group when all of it is
// answered. In the embedded profile the one node owns every shard.

import type { Logger } from 'pino';
import type { CommandReply, DropCommand } from '../domain/commands.ts';
import { shardOf } from '../domain/ids.ts';
import type { Entry } from '../storage/entry.ts';
import type { Journal } from '../storage/journal.ts';
import type { SnapshotStore } from '../storage/snapshots.ts';
import type { Clock } from './clock.ts';
import type { EventConsumer, RelayBatch } from './event-consumer.ts';
import type { LiveBus } from './live-bus.ts';
import { Relay } from './relay.ts';
import { Shard, type ShardStatus } from './shard.ts';
import type { ReplySlots } from './shard-batch.ts';

/** Shards claimed and replayed at the same time at start. */
const RECOVERIES_AT_ONCE = 16;
/** Halves the projections' share of the CPU time in a storm of orders, and is far below what a person notices (N4). */
const CONSUME_INTERVAL_MS = 20;

export interface ShardHostOptions {
  readonly nodeId: string;
  /** Fixed at the store's first start. */
  readonly shardCount: number;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly bus: LiveBus;
  readonly consumers: readonly EventConsumer[];
  /** See `RelayOptions.consumeIntervalMs`. */
  readonly consumeIntervalMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ShardReport {
  readonly shard: number;
  readonly status: ShardStatus;
  readonly fault: string | null;
  readonly epoch: number;
  readonly sequence: number;
  readonly waiting: number;
}

export class ShardHost {
  readonly relay: Relay;
  readonly shards: readonly Shard[];

  constructor(options: ShardHostOptions) {
    const { journal, clock, log, shardCount } = options;
    this.relay = new Relay({
      consumers: options.consumers,
      consumeIntervalMs: options.consumeIntervalMs ?? CONSUME_INTERVAL_MS,
      journal,
      clock,
      log,
      factsOf: (entry: Entry) => this.shards[entry.shard]!.factsOf(entry),
    });
    const onDurable = (batch: RelayBatch) => this.relay.durable(batch);
    const onRecovered = (shard: number, sequence: number) => this.relay.recovered(shard, sequence);
    this.shards = Array.from(
      { length: shardCount },
      (_, id) => new Shard({ ...options, id, owner: options.nodeId, onDurable, onRecovered }),
    );
  }

  /** Resolves when every shard serves or is found damaged. */
  async start(): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < this.shards.length) await this.shards[next++]!.start();
    };
    await Promise.all(Array.from({ length: RECOVERIES_AT_ONCE }, work));
  }

  async stop(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.stop()));
    await this.relay.stop();
  }

  /** Answers commands in their order. Never rejects: what cannot be served is `unavailable` or `overloaded`. */
  execute(commands: readonly DropCommand[]): Promise<CommandReply[]> {
    return new Promise((resolve) => {
      const slots = new CommandGroup(commands.length, resolve);
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

  report(): ShardReport[] {
    return this.shards.map((shard) => ({
      shard: shard.id,
      status: shard.status,
      fault: shard.fault,
      epoch: shard.epoch,
      sequence: shard.sequence,
      waiting: shard.waitingCount,
    }));
  }
}

class CommandGroup implements ReplySlots {
  readonly #replies: CommandReply[];
  readonly #resolve: (replies: CommandReply[]) => void;
  #left: number;

  constructor(count: number, resolve: (replies: CommandReply[]) => void) {
    this.#replies = new Array<CommandReply>(count);
    this.#left = count;
    this.#resolve = resolve;
    if (count === 0) resolve(this.#replies);
  }

  complete(index: number, reply: CommandReply): void {
    this.#replies[index] = reply;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve(this.#replies);
  }
}
