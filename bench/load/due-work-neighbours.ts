// Who is beside due work in `due-work.ts`: drops that open, end a hold and close, and a steady load
// of orders.

import { dropTopic, type LiveBus } from '../../actors/live-bus.ts';
import type { ShardHost } from '../../actors/shard/shard-host.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { Latencies } from './latencies.ts';

export interface NeighboursOptions {
  readonly host: ShardHost;
  readonly bus: LiveBus;
  /** The wall time of the shards. */
  readonly now: () => number;
}

/** Measures how late the events of drops are published. Each drop has one hold, of one order. */
export class Neighbours {
  readonly openings = new Latencies();
  readonly closings = new Latencies();
  readonly holdEnds = new Latencies();
  readonly #options: NeighboursOptions;

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  watch(dropId: string, times: { readonly startsAt: number; readonly endsAt: number }): void {
    const { bus, now } = this.#options;
    let holdEndsAt = Infinity;
    bus.subscribe(dropTopic(dropId), (message) => {
      if (message.type !== 'drop') return;
      for (const { type } of message.milestones) {
        if (type === 'ended') this.closings.add(now() - times.endsAt);
        if (type !== 'started') continue;
        this.openings.add(now() - times.startsAt);
        void this.#hold(dropId).then((at) => (holdEndsAt = at));
      }
      if (!hasHoldEnded(message.view, holdEndsAt)) return;
      this.holdEnds.add(now() - holdEndsAt);
      holdEndsAt = Infinity;
    });
  }

  /** Resolves to the end of the hold; Infinity where the opening came too late for an order. */
  async #hold(dropId: string): Promise<number> {
    const [reply] = await this.#options.host.execute([
      { type: 'place-order', dropId, userId: 'neighbour', key: 'hold', quantity: 1 },
    ]);
    if (!reply?.ok) return Infinity;
    return (reply.value as PlacedOrder).order.holdExpiresAt!;
  }
}

function hasHoldEnded({ held }: DropView, holdEndsAt: number): boolean {
  return held === 0 && holdEndsAt !== Infinity;
}

export interface OrderLoadOptions {
  readonly host: ShardHost;
  readonly drops: readonly string[];
  readonly ordersPerSecond: number;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** Orders that are due before this are placed and not counted. */
  readonly countFrom: number;
}

/**
 * Open loop: orders are sent at their time, whatever became of those before. `tick` sends what is
 * due; latency counts from the time at which an order was due.
 */
export class OrderLoad {
  readonly latencies = new Latencies();
  readonly #options: OrderLoadOptions;
  readonly #placing: Promise<void>[] = [];
  #sent = 0;

  constructor(options: OrderLoadOptions) {
    this.#options = options;
  }

  tick(): void {
    const { startedAt, ordersPerSecond } = this.#options;
    const due = ((performance.now() - startedAt) * ordersPerSecond) / 1000;
    while (this.#sent < due) this.#placing.push(this.#place(this.#sent++));
  }

  /** Resolves when every order that was sent is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#placing);
  }

  async #place(index: number): Promise<void> {
    const { host, drops, startedAt, ordersPerSecond, countFrom } = this.#options;
    const dueAt = startedAt + (index * 1000) / ordersPerSecond;
    const dropId = drops[index % drops.length]!;
    const userId = `buyer-${index}`;
    const [reply] = await host.execute([
      { type: 'place-order', dropId, userId, key: 'one', quantity: 1 },
    ]);
    if (!reply?.ok) throw new Error(`an order was refused: ${JSON.stringify(reply)}`);
    if (dueAt >= countFrom) this.latencies.add(performance.now() - dueAt);
  }
}
