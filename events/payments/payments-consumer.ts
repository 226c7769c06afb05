// Calls the payment provider for events: it opens payments of orders that wait for one, and
// requests refunds. A slow or broken provider delays no other consumer: calls wait in a queue of
// their own, and each is retried with back-off.
//
// No refund is lost. The stored position advances only as far as all calls up to it have succeeded,
// and the journal is not trimmed beyond it. After a crash the relay continues after that position,
// so a call may be made twice but is never left out; the provider is idempotent by order. A failing
// `opened` is given up when the hold expires, because it has no effect then. A refund is never
// given up.
//
// The queue is no library's. A waiting call is plain data, some 64 bytes, and 100,000 may wait;
// p-queue 10 has a closure and a promise for each, some 1,000 bytes, and used 7 to 18 us of CPU a
// call, this queue 0.6 (100,000 calls that do nothing, 16 at a time, Node 24). The larger part, the
// position that follows from finished calls, would be here with a library, too.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { EventConsumer } from '../consumer.ts';
import type { Fact, FactBatch } from '../../actors/shard/facts.ts';
import { paymentReference } from '../../domain/ids.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import { backoffMs } from '../backoff.ts';
import type { PaymentProvider, Refund } from './payment-provider.ts';
import { Queue } from '../queue.ts';
import type { WarningLog } from '../warning-log.ts';

export interface PaymentsConsumerOptions {
  readonly provider: PaymentProvider;
  readonly positions: ConsumerPositions;
  readonly clock: Clock;
  readonly log: WarningLog;
  /** Concurrent calls to the provider. */
  readonly concurrency?: number;
  /** Calls that wait, are in progress or will be retried. Past it `consume` waits for room. */
  readonly queueLengthMax?: number;
  /** From 0 up to 1, for the delays between two tries. */
  readonly random?: () => number;
}

/** Consecutive entries of one shard's journal: the first one needs calls, the others need none. */
interface Stretch {
  through: number;
  callsLeft: number;
}

interface ShardProgress {
  /** The last consumed sequence. */
  taken: number;
  /** Entries with calls in progress, in rising order. The first one limits the position. */
  readonly stretches: Queue<Stretch>;
  newest: Stretch | null;
}

interface Call {
  readonly shard: number;
  readonly stretch: Stretch;
  readonly order: OrderView;
  /** Null: the call is `opened`. */
  readonly refund: Refund | null;
  attempts: number;
}

/** The name of its stored positions. */
export const PAYMENTS_CONSUMER = 'payments';
const CONCURRENCY = 16;
const QUEUE_LENGTH_MAX = 100_000;
const RETRY = { firstMs: 100, maxMs: 30_000 };
/**
 * Positions are stored after this delay, in one write. After a crash the calls of this time are
 * repeated.
 */
const SAVE_DELAY_MS = 1_000;

export class PaymentsConsumer implements EventConsumer {
  readonly name = PAYMENTS_CONSUMER;
  readonly placement = 'beside-shard';
  readonly #options: PaymentsConsumerOptions;
  readonly #concurrency: number;
  readonly #queueLengthMax: number;
  readonly #shards = new Map<number, ShardProgress>();
  readonly #ready = new Queue<Call>();
  readonly #running = new Set<Promise<void>>();
  readonly #retryTimers = new Set<Timer>();
  /** Shards whose position advanced since it was stored. */
  #unsaved = new Map<number, number>();
  #saveTimer: Timer | null = null;
  #saving: Promise<void> = Promise.resolve();
  #outstanding = 0;
  #waitingForRoom: (() => void)[] = [];
  #stopped = false;

  constructor(options: PaymentsConsumerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#queueLengthMax = options.queueLengthMax ?? QUEUE_LENGTH_MAX;
  }

  position(shard: number): Promise<number> {
    return this.#options.positions.load(this.name, shard);
  }

  async consume(batches: readonly FactBatch[]): Promise<void> {
    for (const batch of batches) {
      while (this.#outstanding >= this.#queueLengthMax && !this.#stopped) {
        await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
      }
      // Batches after the stop are beyond every stored position, so they come again.
      if (this.#stopped) return;
      this.#take(batch);
    }
  }

  /** Stops retries, waits for the calls in progress, then stores the positions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#retryTimers) timer.cancel();
    this.#retryTimers.clear();
    this.#ready.clear();
    this.#makeRoom();
    await Promise.all(this.#running);
    this.#saveTimer?.cancel();
    this.#saveTimer = null;
    await this.#saving;
    await this.#save();
  }

  /** A batch that was consumed or is in progress is skipped. */
  #take(batch: FactBatch): void {
    const { shard, sequence } = batch;
    let progress = this.#shards.get(shard);
    if (progress === undefined) {
      progress = { taken: 0, stretches: new Queue(), newest: null };
      this.#shards.set(shard, progress);
    }
    if (sequence <= progress.taken) return;
    progress.taken = sequence;
    const stretch: Stretch = { through: sequence, callsLeft: 0 };
    for (const fact of batch.facts) {
      const { order } = fact;
      if (order === null || fact.terms.payment !== 'provider') continue;
      const refund = refundOf(fact, order);
      if (refund === null && !(fact.event.type === 'order-placed' && order.status === 'reserved'))
        continue;
      stretch.callsLeft += 1;
      this.#ready.push({ shard, stretch, order, refund, attempts: 0 });
    }
    this.#outstanding += stretch.callsLeft;
    if (stretch.callsLeft > 0) {
      progress.stretches.push(stretch);
      progress.newest = stretch;
      this.#startReady();
    } else if (progress.newest !== null) {
      progress.newest.through = sequence;
    } else {
      this.#moveTo(shard, sequence);
    }
  }

  #startReady(): void {
    while (this.#running.size < this.#concurrency && !this.#stopped) {
      const call = this.#ready.shift();
      if (call === undefined) return;
      const running = this.#run(call).finally(() => {
        this.#running.delete(running);
        this.#startReady();
      });
      this.#running.add(running);
    }
  }

  /** Never rejects: a failed call is retried later. */
  async #run(call: Call): Promise<void> {
    const { provider, clock, log } = this.#options;
    const { order, refund } = call;
    try {
      if (refund !== null) await provider.refund(refund);
      else if (order.holdExpiresAt === null || clock.now() < order.holdExpiresAt)
        await provider.opened(order);
      this.#finish(call);
    } catch (error) {
      log.warn(
        { err: error, orderId: order.id, attempts: call.attempts + 1 },
        'the payment provider failed',
      );
      this.#retryLater(call);
    }
  }

  #retryLater(call: Call): void {
    if (this.#stopped) return;
    const { clock, random = Math.random } = this.#options;
    call.attempts += 1;
    const delayMs = backoffMs(call.attempts, { ...RETRY, random });
    const timer = clock.after(delayMs, () => {
      this.#retryTimers.delete(timer);
      this.#ready.push(call);
      this.#startReady();
    });
    this.#retryTimers.add(timer);
  }

  #finish({ shard, stretch }: Call): void {
    this.#outstanding -= 1;
    if (this.#outstanding < this.#queueLengthMax) this.#makeRoom();
    stretch.callsLeft -= 1;
    if (stretch.callsLeft > 0) return;
    const progress = this.#shards.get(shard)!;
    while (progress.stretches.peek()?.callsLeft === 0)
      this.#moveTo(shard, progress.stretches.shift()!.through);
    if (progress.stretches.length === 0) progress.newest = null;
  }

  #makeRoom(): void {
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }

  #moveTo(shard: number, sequence: number): void {
    this.#unsaved.set(shard, sequence);
    this.#saveLater();
  }

  #saveLater(): void {
    if (this.#stopped || this.#saveTimer !== null) return;
    this.#saveTimer = this.#options.clock.after(SAVE_DELAY_MS, () => {
      this.#saveTimer = null;
      this.#saving = this.#saving.then(() => this.#save());
    });
  }

  /**
   * Never rejects: positions that could not be stored are stored next time. Until then they only
   * repeat work.
   */
  async #save(): Promise<void> {
    const unsaved = this.#unsaved;
    if (unsaved.size === 0) return;
    this.#unsaved = new Map();
    try {
      const positions = [...unsaved].map(([shard, sequence]) => ({ shard, sequence }));
      await this.#options.positions.save(this.name, positions);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'positions of the payments consumer were not kept');
      for (const [shard, sequence] of unsaved) {
        if (!this.#unsaved.has(shard)) this.#unsaved.set(shard, sequence);
      }
      this.#saveLater();
    }
  }
}

/**
 * The refund in an event: of a payment that came too late (P4), or of an order that was refunded.
 */
function refundOf({ event }: Fact, order: OrderView): Refund | null {
  if (event.type !== 'refund-requested' && event.type !== 'order-refunded') return null;
  const reference = event.type === 'refund-requested' ? event.reference : order.paymentReference;
  const { id: orderId, totalCents: amountCents, currency } = order;
  return { orderId, reference: reference ?? paymentReference(orderId), amountCents, currency };
}
