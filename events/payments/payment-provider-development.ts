// The development payment provider. It settles an opened order by itself after a delay, or as its
// buyer says, with signed webhook calls like those of a real provider (`development-payments.ts`
// says which). Its state is in memory only: orders that are not settled when the process ends are
// never paid, and their holds expire.

import type { Clock, Timer } from '../../actors/clock.ts';
import { paymentReference } from '../../domain/ids.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { PaymentBehaviour } from '../../contracts/payments.ts';
import { LATE_MS, type PaymentCall, paymentCalls } from './development-payments.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type ProviderAnswer,
  type Refund,
} from './payment-provider.ts';
import { Queue } from '../queue.ts';
import type { WarningLog } from '../warning-log.ts';
import { signWebhook } from './webhook-signature.ts';

export interface DevelopmentPaymentProviderOptions {
  /**
   * The webhook's URL. Read at each call, since a port may be known only after the start. Throws
   * where this node knows none.
   */
  readonly webhookUrl: () => string;
  /** The base64 secret to sign with; `whsec_` allowed. */
  readonly secret: string;
  /** The delay from the creation of an order to its payment. Null: nothing is settled. */
  readonly settleAfterMs: number | null;
  /** How the order is paid; `success` by default. */
  readonly behaviour?: (order: OrderView) => PaymentBehaviour;
  /** How it answers a refund; with `accepted` by default. `silence` is no answer, ever. */
  readonly answerRefund?: (refund: Refund) => 'accepted' | 'refused' | 'silence';
  readonly clock: Clock;
  readonly log: WarningLog;
  /** Concurrent webhook calls, one connection each. */
  readonly concurrency?: number;
  /** Orders that wait for their payment. Past it `opened` rejects with the code `provider-busy`. */
  readonly queueLengthMax?: number;
}

/** The provider has no room for one more order now. */
export class ProviderBusyError extends Error {
  readonly code = 'provider-busy';
}

interface Payment {
  readonly order: OrderView;
  readonly behaviour: PaymentBehaviour;
  readonly dueAt: number;
  /** Called when it is settled or given up. */
  readonly done: () => void;
}

const CONCURRENCY = 8;
const QUEUE_LENGTH_MAX = 100_000;
const REFUNDS_KEPT_MAX = 10_000;
const ATTEMPTS_MAX = 10;
const RETRY_DELAY_FIRST_MS = 100;
const RETRY_DELAY_MAX_MS = 5_000;
const CALL_TIMEOUT_MS = 10_000;

export class DevelopmentPaymentProvider implements PaymentProvider {
  readonly name = 'development';
  readonly #options: DevelopmentPaymentProviderOptions;
  readonly #concurrency: number;
  readonly #queueLengthMax: number;
  /** In the order of their due times, since the delay is the same for all. */
  readonly #payments = new Queue<Payment>();
  /** Those that buyers have asked for: they go first. */
  readonly #asked = new Queue<Payment>();
  /** Ids of the orders that wait or are being settled. */
  readonly #pendingIds = new Set<string>();
  /** The same of those in `#asked`: a buyer need not wait until the order is settled by itself. */
  readonly #askedIds = new Set<string>();
  readonly #calls = new Set<Promise<void>>();
  /** Of payments that come after the end of their hold: they are in no order. */
  readonly #lateTimers = new Set<Timer>();
  /** By the id of the refund. */
  readonly #refunds = new Map<string, Refund>();
  readonly #stopping = new AbortController();
  #timer: Timer | null = null;

  constructor(options: DevelopmentPaymentProviderOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#queueLengthMax = options.queueLengthMax ?? QUEUE_LENGTH_MAX;
  }

  reference(orderId: string): string {
    return paymentReference(orderId);
  }

  async opened(order: OrderView): Promise<ProviderAnswer> {
    const { settleAfterMs, behaviour: behaviourOf } = this.#options;
    if (settleAfterMs === null || this.#stopping.signal.aborted || this.#pendingIds.has(order.id))
      return ACCEPTED;
    if (this.#pendingIds.size >= this.#queueLengthMax) {
      throw new ProviderBusyError(`${this.#queueLengthMax} orders wait for their payment already`);
    }
    this.#pendingIds.add(order.id);
    const done = () => this.#pendingIds.delete(order.id);
    const behaviour = behaviourOf?.(order) ?? 'success';
    const dueAt = order.createdAt + settleAfterMs;
    if (behaviour === 'late') this.#payLate(order, done);
    else this.#payments.push({ order, behaviour, dueAt, done });
    this.#startDue();
    return ACCEPTED;
  }

  settle(order: OrderView, behaviour: PaymentBehaviour): boolean {
    this.#options.webhookUrl();
    if (this.#askedIds.has(order.id)) return false;
    if (this.#stopping.signal.aborted || this.#askedIds.size >= this.#queueLengthMax)
      throw new ProviderBusyError(`${this.#askedIds.size} payments are being settled already`);
    this.#askedIds.add(order.id);
    const done = () => this.#askedIds.delete(order.id);
    if (behaviour === 'late') this.#payLate(order, done);
    else this.#asked.push({ order, behaviour, dueAt: this.#options.clock.now(), done });
    this.#startDue();
    return true;
  }

  async refund(refund: Refund): Promise<ProviderAnswer> {
    if (this.#refunds.has(refund.id)) return ACCEPTED;
    const answer = this.#options.answerRefund?.(refund) ?? 'accepted';
    if (answer === 'refused') return { ok: false, reason: 'The card cannot be refunded.' };
    if (answer === 'silence') return await new Promise<never>(() => undefined);
    if (this.#refunds.size >= REFUNDS_KEPT_MAX) {
      const [oldest] = this.#refunds.keys();
      this.#refunds.delete(oldest!);
    }
    this.#refunds.set(refund.id, refund);
    return ACCEPTED;
  }

  /** The last requested refunds, oldest first. */
  refunds(): readonly Refund[] {
    return [...this.#refunds.values()];
  }

  /** Stops all waits and calls. Resolves when no call is in progress. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#timer = null;
    for (const timer of this.#lateTimers) timer.cancel();
    this.#lateTimers.clear();
    this.#payments.clear();
    this.#asked.clear();
    this.#askedIds.clear();
    this.#pendingIds.clear();
    await Promise.all(this.#calls);
  }

  /** Behind those that are due then. */
  #payLate(order: OrderView, done: () => void): void {
    const { clock } = this.#options;
    const dueAt = Math.max(order.holdExpiresAt ?? 0, clock.now()) + LATE_MS;
    const timer = clock.after(dueAt - clock.now(), () => {
      this.#lateTimers.delete(timer);
      this.#payments.push({ order, behaviour: 'late', dueAt, done });
      this.#startDue();
    });
    this.#lateTimers.add(timer);
  }

  #startDue(): void {
    const { clock } = this.#options;
    while (this.#calls.size < this.#concurrency) {
      const asked = this.#asked.shift();
      if (asked !== undefined && !this.#stopping.signal.aborted) {
        this.#start(asked);
        continue;
      }
      const next = this.#payments.peek();
      if (next === undefined || this.#stopping.signal.aborted) return;
      const delayMs = next.dueAt - clock.now();
      if (delayMs > 0) {
        this.#timer ??= clock.after(delayMs, () => {
          this.#timer = null;
          this.#startDue();
        });
        return;
      }
      this.#payments.shift();
      this.#start(next);
    }
  }

  #start({ order, behaviour, done }: Payment): void {
    const call = this.#settle(order, behaviour).finally(() => {
      this.#calls.delete(call);
      done();
      this.#startDue();
    });
    this.#calls.add(call);
  }

  /** Never rejects. */
  async #settle(order: OrderView, behaviour: PaymentBehaviour): Promise<void> {
    for (const call of paymentCalls(order, this.reference(order.id), behaviour))
      await this.#tell(order, call);
  }

  /**
   * Never rejects. The webhook id contains the payment and its outcome, so a repeated settlement is
   * a repeated call.
   */
  async #tell(order: OrderView, { outcome, reference, amount }: PaymentCall): Promise<void> {
    const type = `payment.${outcome}`;
    const { id: orderId, currency } = order;
    const id = `${type}:${reference}`;
    const body = JSON.stringify({ type, data: { orderId, reference, amount, currency } });
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const problem = await this.#call(id, body);
      if (problem === null || this.#stopping.signal.aborted) return;
      if (problem.final || attempt === ATTEMPTS_MAX - 1) {
        const { reason } = problem;
        this.#options.log.warn({ orderId, reason }, 'a payment webhook was given up');
        return;
      }
      await this.#pause(Math.min(RETRY_DELAY_FIRST_MS * 2 ** attempt, RETRY_DELAY_MAX_MS));
    }
  }

  /**
   * Makes one webhook call. Null on success; otherwise the reason, and whether a retry is useless.
   */
  async #call(id: string, body: string): Promise<{ reason: string; final: boolean } | null> {
    const { webhookUrl, secret, clock } = this.#options;
    const timestamp = Math.floor(clock.now() / 1_000);
    try {
      const response = await fetch(webhookUrl(), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': signWebhook({ secret, id, timestamp, body }),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      // Read to its end; otherwise the connection could not be reused.
      await response.arrayBuffer();
      const { status } = response;
      if (response.ok) return null;
      return {
        reason: `status ${status}`,
        final: status < 500 && status !== 408 && status !== 429,
      };
    } catch (error) {
      return { reason: String(error), final: false };
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stopping;
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#options.clock.after(delayMs, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}
