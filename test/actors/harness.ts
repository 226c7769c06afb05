// A node's shards over stores in memory, with a journal whose appends the test can hold back or
// break, and a clock it moves.

import pino from 'pino';
import type { EventConsumer } from '../../events/consumer.ts';
import type { FactBatch } from '../../actors/shard/facts.ts';
import { Relay } from '../../events/relay.ts';
import { InProcessLiveBus, type LiveMessage } from '../../actors/live-bus.ts';
import { LOADED_BYTES_MAX } from '../../actors/shard/loaded-drops.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import type { ShardReply } from '../../actors/shard/shard-reply.ts';
import type { DropCommand, ReplyTo } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import type { DropTerms, DropView } from '../../contracts/drops.ts';
import {
  type Claim,
  type Journal,
  type JournalEntry,
  StoreUnavailableError,
} from '../../storage/ports/journal.ts';
import { MemoryJournal } from '../../storage/memory/journal-memory.ts';
import { MemoryOrderListStore } from '../../storage/memory/order-list-memory.ts';
import { MemorySpillStore } from '../../storage/memory/spill-memory.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshots-memory.ts';
import { ManualClock } from './manual-clock.ts';

export const NOW = 1_800_000_000_000;

type Failure = 'before' | 'after';

/** A journal that can be told to wait, and to fail before or after it wrote. */
export class TestJournal implements Journal {
  readonly inner = new MemoryJournal();
  /** While set, appends wait here until `release`. */
  held: (() => void)[] | null = null;
  failures: Failure[] = [];
  appends = 0;
  claims = 0;

  hold(): void {
    this.held = [];
  }
  release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const go of held) go();
  }

  claim(shard: number, owner: string): Promise<Claim> {
    this.claims += 1;
    return this.inner.claim(shard, owner);
  }
  async append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    this.appends += 1;
    if (this.held !== null) await new Promise<void>((resolve) => this.held!.push(resolve));
    const failure = this.failures.shift();
    if (failure === 'before') throw new StoreUnavailableError('no room');
    await this.inner.append(shard, epoch, sequence, bytes);
    if (failure === 'after') throw new StoreUnavailableError('the answer was lost');
  }
  read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    return this.inner.read(shard, after, limit);
  }
  head(shard: number): Promise<Claim> {
    return this.inner.head(shard);
  }
  trimmed(shard: number): Promise<number> {
    return this.inner.trimmed(shard);
  }
  removed(): Promise<number> {
    return this.inner.removed();
  }
  trim(shard: number, through: number): Promise<void> {
    return this.inner.trim(shard, through);
  }
}

export class RecordingConsumer implements EventConsumer {
  readonly name = 'recording';
  readonly placement = 'beside-shard';
  readonly batches: FactBatch[] = [];
  readonly #positions = new Map<number, number>();
  failing = 0;
  calls = 0;

  async position(shard: number): Promise<number> {
    return this.#positions.get(shard) ?? 0;
  }
  async consume(batches: readonly FactBatch[]): Promise<void> {
    if (this.failing > 0) {
      this.failing -= 1;
      throw new StoreUnavailableError('not now');
    }
    this.calls += 1;
    for (const batch of batches) {
      this.batches.push(batch);
      this.#positions.set(batch.shard, batch.sequence);
    }
  }
}

export interface Harness {
  readonly journal: TestJournal;
  readonly snapshots: MemorySnapshotStore;
  readonly orderList: MemoryOrderListStore;
  readonly bus: InProcessLiveBus;
  readonly clock: ManualClock;
  readonly consumer: RecordingConsumer;
  readonly host: ShardHost;
  readonly relay: Relay;
}

/** Starts a host; pass the stores and the clock of an earlier one to restart on the same data. */
export async function startHost(
  earlier?: Partial<Harness>,
  shardCount = 4,
  consumeIntervalMs = 0,
  loadedBytesMax = LOADED_BYTES_MAX,
): Promise<Harness> {
  const parts = {
    journal: earlier?.journal ?? new TestJournal(),
    snapshots: earlier?.snapshots ?? new MemorySnapshotStore(),
    orderList: earlier?.orderList ?? new MemoryOrderListStore(),
    clock: earlier?.clock ?? new ManualClock(NOW),
    consumer: earlier?.consumer ?? new RecordingConsumer(),
    bus: new InProcessLiveBus(),
  };
  const log = pino({ level: 'silent' });
  const relay = new Relay({
    ...parts,
    consumers: [parts.consumer],
    consumeIntervalMs,
    openSpill: () => new MemorySpillStore(),
    log,
  });
  const host: ShardHost = new ShardHost({
    ...parts,
    nodeId: 'test',
    shardCount,
    loadedBytesMax,
    facts: relay,
    log,
  });
  await host.start();
  return { ...parts, host, relay };
}

export function terms(change: Partial<DropTerms> = {}): DropTerms {
  return {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 600_000,
    unitAmount: 1999,
    currency: 'EUR',
    limitPerUser: 2,
    holdSeconds: 60,
    payment: 'instant',
    ...change,
  };
}

export async function ask<C extends DropCommand>(host: ShardHost, command: C): Promise<ReplyTo<C>> {
  const [reply] = await host.execute([command]);
  return reply as ReplyTo<C>;
}

export async function createDrop(
  host: ShardHost,
  stock: number,
  change: Partial<DropTerms> = {},
): Promise<DropView> {
  const made = terms(change);
  const reply = await ask(host, { type: 'create-drop', dropId: made.id, terms: made, stock });
  if (!reply.ok) throw new Error(`the drop was refused: ${reply.code}`);
  return reply.value;
}

export function place(userId: string, key = 'key', quantity = 1, dropId = 'd_1'): DropCommand {
  return { type: 'place-order', dropId, userId, key, quantity };
}

export async function order(
  host: ShardHost,
  userId: string,
  key = 'key',
  quantity = 1,
): Promise<PlacedOrder> {
  const [reply] = await host.execute([place(userId, key, quantity)]);
  if (!reply!.ok) throw new Error(`the order was refused: ${reply!.code}`);
  return reply!.value as PlacedOrder;
}

export function codeOf(reply: ShardReply | undefined): string {
  return reply === undefined ? 'none' : reply.ok ? 'ok' : reply.code;
}

export function listen(bus: InProcessLiveBus, topic: string): LiveMessage[] {
  const messages: LiveMessage[] = [];
  bus.subscribe(topic, (message) => messages.push(message));
  return messages;
}
