// Plays the payment provider: sends the buyers' payments to the server as signed webhook calls.
// Most buyers pay at once, some payments are refused, some come after the hold has ended, some
// never come.

import { signWebhook } from '../../events/payments/webhook-signature.ts';
import type { AcknowledgedOrder } from './crowd.ts';
import { HttpPool, httpRequest } from './http-pool.ts';
import type { Payment, Plan } from './plan.ts';

export interface PayersOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly plan: Plan;
  /** The most orders; bounds the queue of calls. */
  readonly ordersMax: number;
}

/** Concurrent calls: enough to keep up with the orders while the crowd slows every answer. */
const CONNECTIONS = 200;
const PROMPT_MIN_MS = 150;
const PROMPT_SPREAD_MS = 1200;
/** A late payment comes this long after the hold's deadline, when the server has ended the hold. */
const LATE_MIN_MS = 500;
const LATE_SPREAD_MS = 700;
const ATTEMPTS_MAX = 20;
const RETRY_DELAY_MS = 250;
/** The provider repeats about every fifth call, as real providers do. */
const CALLED_TWICE_SHARE = 0.2;

/** The kind of a payment whose call arrived after the hold's deadline. */
const LATE_OUTCOME: Readonly<Record<Payment, Payment>> = {
  prompt: 'late',
  refused: 'refused-late',
  'refused-late': 'refused-late',
  late: 'late',
  never: 'never',
};

export class Payers {
  readonly paymentOf = new Map<string, Payment>();
  /** The number of payments of each kind that the server accepted. */
  readonly settled: Record<Payment, number> = {
    prompt: 0,
    refused: 0,
    'refused-late': 0,
    late: 0,
    never: 0,
  };
  readonly findings: string[] = [];
  readonly #options: PayersOptions;
  readonly #pool: HttpPool;
  readonly #timers = new Set<NodeJS.Timeout>();
  #pending = 0;
  #calls = 0;

  constructor(options: PayersOptions) {
    this.#options = options;
    const { host, port, ordersMax } = options;
    this.#pool = new HttpPool({
      host,
      port,
      connectionsMax: CONNECTIONS,
      waitingMax: ordersMax * 2,
    });
  }

  /** Payments that the server has not accepted yet. */
  get pending(): number {
    return this.#pending;
  }
  /** Answered webhook calls, repeated calls too. */
  get calls(): number {
    return this.#calls;
  }

  schedule(orders: readonly AcknowledgedOrder[]): void {
    for (const order of orders) {
      const payment = this.#options.plan.payment(order.userId, order.pressedAgain);
      this.paymentOf.set(order.orderId, payment);
      if (payment === 'never') {
        this.settled.never++;
        continue;
      }
      const chance = this.#options.plan.chance('moment', order.userId);
      const delayMs =
        payment === 'late'
          ? order.holdExpiresAt - Date.now() + LATE_MIN_MS + chance * LATE_SPREAD_MS
          : PROMPT_MIN_MS + chance * PROMPT_SPREAD_MS;
      this.#pending++;
      this.#after(delayMs, () => this.#deliver(order, payment, 0));
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#pool.close();
  }

  #deliver(order: AcknowledgedOrder, payment: Payment, attempt: number): void {
    const request = this.#webhook(order, payment);
    this.#pool.request(request, ({ status, body }) => {
      this.#calls++;
      if (status >= 200 && status < 300) {
        const actual = Date.now() < order.holdExpiresAt ? payment : LATE_OUTCOME[payment];
        this.paymentOf.set(order.orderId, actual);
        this.settled[actual]++;
        this.#pending--;
        const twice = this.#options.plan.chance('twice', order.userId) < CALLED_TWICE_SHARE;
        if (twice && attempt === 0) this.#repeat(request, order);
        return;
      }
      if (attempt < ATTEMPTS_MAX) {
        this.#after(RETRY_DELAY_MS, () => this.#deliver(order, payment, attempt + 1));
        return;
      }
      this.#pending--;
      this.findings.push(`the payment of ${order.orderId} got status ${status}: ${body}`);
    });
  }

  /** Sends the same call with the same webhook id: the server must accept it and change nothing. */
  #repeat(request: string, order: AcknowledgedOrder): void {
    this.#pool.request(request, ({ status }) => {
      this.#calls++;
      if (status >= 200 && status < 300) return;
      this.findings.push(`a repeated webhook about ${order.orderId} got status ${status}`);
    });
  }

  #webhook(order: AcknowledgedOrder, payment: Payment): string {
    const { host, port, secret } = this.#options;
    const type = payment === 'refused' ? 'payment.cancelled' : 'payment.succeeded';
    const data = { orderId: order.orderId, reference: `demo-${order.orderId}` };
    const body = JSON.stringify({ type, data });
    const id = `demo-${type}-${order.orderId}`;
    const timestamp = Math.floor(Date.now() / 1000);
    return httpRequest({
      method: 'POST',
      path: '/v1/payments/webhook',
      host: `${host}:${port}`,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook({ secret, id, timestamp, body }),
      },
      body,
    });
  }

  #after(delayMs: number, call: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      call();
    }, delayMs);
    this.#timers.add(timer);
  }
}
