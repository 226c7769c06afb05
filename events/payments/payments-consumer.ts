// Calls the payment provider for events: it opens payments of orders that wait for one, and
// requests refunds; of a provider that prepares payments it also captures those of confirmed orders
// and lets go of those whose hold has ended (`provider-work.ts`). A slow or broken provider delays
// no other consumer: calls wait in queues of their own, and each is retried with back-off. Openings
// are made when nothing else waits, drop by drop in turn.
//
// No refund is lost, and none holds up what is behind it (P6). The stored position advances only as
// far as all refunds up to it have been made or are parked durably, and the journal is not trimmed
// beyond it. After a crash the relay continues after that position, so a call may be made twice but
// is never left out; the provider is idempotent by refund, and a refund is parked once. A refund
// is parked when the provider refuses it for good, or when its attempts have failed for so long
// (`ATTEMPTS_MAX`, `HELD_UP_MAX_MS`); `parked-refund-retries.ts` attempts it from then on. Where no
// more can be parked, the position waits.
//
// A failing opening is retried until the hold expires, because it has no effect then. It holds the
// position only as long as a refund may: after a crash later than that it is not made, and its hold
// expires. So does a release, and it is given up after `RELEASE_ATTEMPTS_MAX`: whoever pays such a
// payment gets a refund. A capture holds the position until the provider has answered: it is the
// order's money. Where it is refused, the order fails.
//
// The queues are no library's. A waiting call is plain data, some 64 bytes, and 100,000 may wait;
// p-queue 10 has a closure and a promise for each, some 1,000 bytes, and used 7 to 18 us of CPU a
// call, this queue 0.6 (100,000 calls that do nothing, 16 at a time, Node 24). The larger part, the
// position that follows from finished calls, would be here with a library, too.

import type { Timer } from '../../actors/clock.ts';
import { withTrace } from '../../actors/tracing/active-trace.ts';
import { entryContext, type SpanPlace } from '../../actors/tracing/trace-context.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import type { EventConsumer } from '../consumer.ts';
import type { FactBatch } from '../../actors/shard/facts.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { PaymentRejection } from '../../contracts/payments.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import { backoffMs } from '../backoff.ts';
import { CallPositions, type Stretch } from './call-positions.ts';
import { FairQueue } from './fair-queue.ts';
import { parkRefund } from './parked-refund.ts';
import type { Refund } from './payment-provider.ts';
import type { Failure } from './provider-call.ts';
import {
  ProviderAttempts,
  type ProviderAttemptsOptions,
  type ProviderWork,
  workOf,
} from './provider-work.ts';
import { parkRecorded, type RefundStores } from './refund-record.ts';
import { Queue } from '../queue.ts';
import type { WarningLog } from '../warning-log.ts';

export interface PaymentsConsumerOptions extends ProviderAttemptsOptions, RefundStores {
  readonly positions: ConsumerPositions;
  /** Null, or absent: this node does not trace. */
  readonly tracing?: Tracing | null;
  readonly log: WarningLog;
  /** Concurrent calls to the provider. */
  readonly concurrency?: number;
  /** Calls that wait, are in progress or will be retried. Past it `consume` waits for room. */
  readonly queueLengthMax?: number;
  /** From 0 up to 1, for the delays between two tries. */
  readonly random?: () => number;
}

interface Call {
  readonly stretch: Stretch;
  readonly order: OrderView;
  readonly creatorId: string;
  readonly work: ProviderWork;
  /** Of its event, where this node traces. */
  readonly entry: SpanPlace | null;
  /** Failed so far. */
  attempts: number;
  /** The begin of the first attempt: wall time, for people, and monotonic time. 0 before it. */
  firstAttemptAt: number;
  firstAttemptMs: number;
  /** The stretch does not wait for it any more. */
  released: boolean;
}

/** The name of its stored positions. */
export const PAYMENTS_CONSUMER = 'payments';
const CONCURRENCY = 16;
const QUEUE_LENGTH_MAX = 100_000;
const RETRY = { firstMs: 100, maxMs: 30_000 };
/** A call that has failed so often, or for so long, does not hold the position any longer. */
const ATTEMPTS_MAX = 10;
const HELD_UP_MAX_MS = 120_000;
const RELEASE_ATTEMPTS_MAX = 50;

export class PaymentsConsumer implements EventConsumer {
  readonly name = PAYMENTS_CONSUMER;
  readonly placement = 'beside-shard';
  readonly #options: PaymentsConsumerOptions;
  readonly #concurrency: number;
  readonly #queueLengthMax: number;
  readonly #positions: CallPositions;
  readonly #attempts: ProviderAttempts;
  readonly #ready = new Queue<Call>();
  /** By drop, so that a crowd delays no other drop's buyers for long. */
  readonly #openings = new FairQueue<Call>();
  readonly #running = new Set<Promise<void>>();
  readonly #retryTimers = new Set<Timer>();
  readonly #rejected: Record<PaymentRejection, number> = { 'order-settled': 0, 'wrong-amount': 0 };
  readonly #unfinished: Record<ProviderWork['kind'], number> = {
    open: 0,
    capture: 0,
    release: 0,
    refund: 0,
  };
  #outstanding = 0;
  #waitingForRoom: (() => void)[] = [];
  #stopped = false;

  constructor(options: PaymentsConsumerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#queueLengthMax = options.queueLengthMax ?? QUEUE_LENGTH_MAX;
    this.#positions = new CallPositions({ ...options, consumer: this.name });
    this.#attempts = new ProviderAttempts(options);
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

  /**
   * Payments since the start of this process that succeeded and did not pay for their order, by
   * reason. After a crash some are counted again.
   */
  rejectedPayments(): Readonly<Record<PaymentRejection, number>> {
    return { ...this.#rejected };
  }

  /** Calls that wait, are in progress or will be retried, by what they ask for. */
  unfinishedCalls(): Readonly<Record<ProviderWork['kind'], number>> {
    return { ...this.#unfinished };
  }

  /** Stops retries, waits for the calls in progress, then stores the positions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#retryTimers) timer.cancel();
    this.#retryTimers.clear();
    this.#ready.clear();
    this.#openings.clear();
    this.#makeRoom();
    await Promise.all(this.#running);
    await this.#positions.stop();
  }

  /** A batch that was consumed or is in progress is skipped. */
  #take(batch: FactBatch): void {
    const stretch = this.#positions.begin(batch.shard, batch.sequence);
    if (stretch === null) return;
    const prepares = this.#options.provider.prepared !== undefined;
    const entry = (this.#options.tracing ?? null) === null ? null : entryContext(batch);
    for (const fact of batch.facts) {
      const { order } = fact;
      // An order that costs nothing has no payment to open, and nothing to refund (P5).
      if (order === null || fact.terms.payment !== 'provider' || order.totalAmount === 0) continue;
      if (fact.event.type === 'payment-rejected') this.#countRejected(fact.event, order);
      if (fact.event.type === 'payment-disputed' || fact.event.type === 'dispute-closed')
        this.#options.log.warn({ orderId: order.id, ...fact.event }, 'a payment is disputed');
      const work = workOf(fact, order, prepares);
      if (work === null) continue;
      stretch.callsLeft += 1;
      this.#unfinished[work.kind] += 1;
      this.#push({
        stretch,
        order,
        creatorId: fact.terms.creatorId,
        work,
        entry,
        attempts: 0,
        firstAttemptAt: 0,
        firstAttemptMs: 0,
        released: false,
      });
    }
    this.#outstanding += stretch.callsLeft;
    this.#positions.commit(stretch);
    this.#startReady();
  }

  #countRejected(event: DropEvent & { type: 'payment-rejected' }, order: OrderView): void {
    const { reason, reference, amount, currency } = event;
    this.#rejected[reason] += 1;
    const expected = { amount: order.totalAmount, currency: order.currency };
    this.#options.log.warn(
      { orderId: order.id, reference, reason, amount, currency, expected },
      'a payment was rejected, and its refund is requested',
    );
  }

  #push(call: Call): void {
    if (call.work.kind === 'open') this.#openings.push(call.order.dropId, call);
    else this.#ready.push(call);
  }

  #startReady(): void {
    while (this.#running.size < this.#concurrency && !this.#stopped) {
      const call = this.#ready.shift() ?? this.#openings.shift();
      if (call === undefined) return;
      const running = this.#run(call).finally(() => {
        this.#running.delete(running);
        this.#startReady();
      });
      this.#running.add(running);
    }
  }

  /** Never rejects: a failed call is retried later, or parked. */
  async #run(call: Call): Promise<void> {
    const { clock, log } = this.#options;
    if (call.attempts === 0) {
      call.firstAttemptAt = clock.now();
      call.firstAttemptMs = clock.monotonic();
    }
    const { order, work } = call;
    const failure = await this.#attempt(call);
    if (failure === null) return this.#finish(call);
    call.attempts += 1;
    const { attempts } = call;
    const about = { orderId: order.id, call: work.kind, attempts, ...failure };
    log.warn(about, 'the payment provider failed');
    if (await this.#isEnded(call, failure)) this.#finish(call);
    else this.#retryLater(call);
  }

  async #attempt({ work, order, entry }: Call): Promise<Failure | null> {
    const { tracing = null } = this.#options;
    if (tracing === null || entry === null) return await this.#attempts.attempt(work, order);
    const name = `payment ${work.kind}`;
    const attributes = { 'livedrops.order_id': order.id };
    const orderId = order.id;
    const span = tracing.begin({ name, kind: 'client', parent: entry, orderId, attributes });
    const { traceparent } = span;
    const failure = await withTrace({ traceparent }, () => this.#attempts.attempt(work, order));
    span.end(failure === null ? null : 'provider-failed');
    return failure;
  }

  /** Whether a call that failed is attempted no more here. */
  async #isEnded(call: Call, failure: Failure): Promise<boolean> {
    const { work, attempts } = call;
    const failingMs = this.#options.clock.monotonic() - call.firstAttemptMs;
    const isOverdue = attempts >= ATTEMPTS_MAX || failingMs >= HELD_UP_MAX_MS;
    if (work.kind === 'refund')
      return (failure.refused || isOverdue) && (await this.#park(call, work.refund, failure));
    // Without a payment the hold expires.
    if (failure.refused) return true;
    if (work.kind === 'release' && attempts >= RELEASE_ATTEMPTS_MAX) return true;
    if (work.kind !== 'capture' && isOverdue) this.#release(call);
    return false;
  }

  /** False: it was not parked, and is to be retried here. Durable before it resolves to true. */
  async #park(call: Call, refund: Refund, failure: Failure): Promise<boolean> {
    const { clock, log, random = Math.random } = this.#options;
    const { order, creatorId, attempts, firstAttemptAt } = call;
    const about = { dropId: order.dropId, creatorId, attempts, firstAttemptAt };
    const attempt = { ...failure, at: clock.now(), random: random() };
    try {
      const parked = await parkRecorded(this.#options, parkRefund(refund, about, attempt));
      if (parked) log.warn({ orderId: order.id }, 'a refund was parked');
      else log.warn({ orderId: order.id }, 'too many refunds are parked: the position waits');
      return parked;
    } catch (error) {
      log.warn({ err: error, orderId: order.id }, 'a refund could not be parked');
      return false;
    }
  }

  #retryLater(call: Call): void {
    if (this.#stopped) return;
    const { clock, random = Math.random } = this.#options;
    const delayMs = backoffMs(call.attempts, { ...RETRY, random });
    const timer = clock.after(delayMs, () => {
      this.#retryTimers.delete(timer);
      this.#push(call);
      this.#startReady();
    });
    this.#retryTimers.add(timer);
  }

  #finish(call: Call): void {
    this.#outstanding -= 1;
    this.#unfinished[call.work.kind] -= 1;
    if (this.#outstanding < this.#queueLengthMax) this.#makeRoom();
    this.#release(call);
  }

  /** Lets the position pass the call. */
  #release(call: Call): void {
    if (call.released) return;
    call.released = true;
    this.#positions.release(call.stretch);
  }

  #makeRoom(): void {
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }
}
