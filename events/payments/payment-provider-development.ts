// The development payment provider: settles each opened order by itself after a delay, by the same
// signed webhook calls a real one makes. It keeps what it knows in memory: what it has not settled
// when the process ends is never paid, and the hold ends by itself.

import type { Clock, Timer } from '../../actors/clock.ts';
import { fnv1a, paymentReference } from '../../domain/ids.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { PaymentProvider, Refund } from './payment-provider.ts';
import { Queue } from '../queue.ts';
import type { WarningLog } from '../warning-log.ts';
import { signWebhook } from './webhook-signature.ts';

export interface DevelopmentPaymentProviderOptions {
  /** Where the webhook is; asked at each call, since a port may be known only after the start. */
  readonly webhookUrl: () => string;
  /** The base64 secret to sign with; `whsec_` allowed. */
  readonly secret: string;
  /** From the making of an order to its payment; null: nothing is settled. */
  readonly settleAfterMs: number | null;
  /** Whether the order's payment succeeds; all do by default. See `succeedsExcept`. */
  readonly succeeds?: (order: OrderView) => boolean;
  readonly clock: Clock;
  readonly log: WarningLog;
  /** Webhook calls at the same time, one connection each. */
  readonly concurrency?: number;
  /**
   * Orders that may wait for their payment; past it `opened` rejects with the code `provider-busy`.
   */
  readonly queueLengthMax?: number;
}

/** The provider has no room for one more order now. */
export class ProviderBusyError extends Error {
  readonly code = 'provider-busy';
}

interface Payment {
  readonly order: OrderView;
  readonly dueAt: number;
}

const CONCURRENCY = 8;
const QUEUE_LENGTH_MAX = 100_000;
const REFUNDS_KEPT_MAX = 10_000;
const ATTEMPTS_MAX = 10;
const RETRY_DELAY_FIRST_MS = 100;
const RETRY_DELAY_MAX_MS = 5_000;
const CALL_TIMEOUT_MS = 10_000;

/** Lets this share (0 to 1) of payments fail: always the same ones, chosen by the order's id. */
export function succeedsExcept(failureShare: number): (order: OrderView) => boolean {
  return (order) => fnv1a(order.id) / 2 ** 32 >= failureShare;
}

export class DevelopmentPaymentProvider implements PaymentProvider {
  readonly name = 'development';
  readonly #options: DevelopmentPaymentProviderOptions;
  readonly #concurrency: number;
  readonly #queueLengthMax: number;
  /** In the order of falling due, since the delay is the same for all. */
  readonly #payments = new Queue<Payment>();
  /** Ids of the orders that wait or are being settled. */
  readonly #pendingIds = new Set<string>();
  readonly #calls = new Set<Promise<void>>();
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

  async opened(order: OrderView): Promise<void> {
    const { settleAfterMs } = this.#options;
    if (settleAfterMs === null || this.#stopping.signal.aborted || this.#pendingIds.has(order.id))
      return;
    if (this.#pendingIds.size >= this.#queueLengthMax) {
      throw new ProviderBusyError(`${this.#queueLengthMax} orders wait for their payment already`);
    }
    this.#pendingIds.add(order.id);
    this.#payments.push({ order, dueAt: order.createdAt + settleAfterMs });
    this.#startDue();
  }

  async refund(refund: Refund): Promise<void> {
    if (this.#refunds.has(refund.orderId)) return;
    if (this.#refunds.size >= REFUNDS_KEPT_MAX) {
      const [oldest] = this.#refunds.keys();
      this.#refunds.delete(oldest!);
    }
    this.#refunds.set(refund.orderId, refund);
  }

  /** The last refunds that were asked for, oldest first. */
  refunds(): readonly Refund[] {
    return [...this.#refunds.values()];
  }

  /** Ends all waiting and calling; resolves when no call is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#timer = null;
    this.#payments.clear();
    this.#pendingIds.clear();
    await Promise.all(this.#calls);
  }

  #startDue(): void {
    const { clock } = this.#options;
    while (this.#calls.size < this.#concurrency) {
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
      this.#start(next.order);
    }
  }

  #start(order: OrderView): void {
    const call = this.#settle(order).finally(() => {
      this.#calls.delete(call);
      this.#pendingIds.delete(order.id);
      this.#startDue();
    });
    this.#calls.add(call);
  }

  /**
   * Never rejects. The webhook id names the order and the result, so a repeated settlement is a
   * repeated call.
   */
  async #settle(order: OrderView): Promise<void> {
    const { succeeds, log } = this.#options;
    const succeeded = succeeds === undefined || succeeds(order);
    const type = succeeded ? 'payment.succeeded' : 'payment.failed';
    const data = { orderId: order.id, reference: this.reference(order.id) };
    const id = `${type}:${order.id}`;
    const body = JSON.stringify({ type, data });
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const problem = await this.#call(id, body);
      if (problem === null || this.#stopping.signal.aborted) return;
      if (problem.final || attempt === ATTEMPTS_MAX - 1) {
        log.warn({ orderId: order.id, reason: problem.reason }, 'a payment webhook was given up');
        return;
      }
      await this.#pause(Math.min(RETRY_DELAY_FIRST_MS * 2 ** attempt, RETRY_DELAY_MAX_MS));
    }
  }

  /**
   * One webhook call: null when it was taken, else why not, and whether another try is of no use.
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
      // Read to its end, or the connection could not be used again.
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
