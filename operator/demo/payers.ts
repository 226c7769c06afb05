// The buyers' payments, told to the server as a payment provider tells them: by signed webhook
// calls. Most pay at once, some are refused, some pay after their hold has ended, some never do.

import { signWebhook } from '../../events/payments/webhook-signature.ts';
import type { AcknowledgedOrder } from './crowd.ts';
import { HttpPool, httpRequest } from './http-pool.ts';
import type { Payment, Plan } from './plan.ts';

export interface PayersOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly plan: Plan;
  /** Orders at most, to bound what waits. */
  readonly ordersMax: number;
}

/** As many calls at once as keep up with the orders while the crowd makes every answer slow. */
const CONNECTIONS = 200;
const PROMPT_MIN_MS = 150;
const PROMPT_SPREAD_MS = 1200;
/** After the hold's deadline: longer than the server may take to end it. */
const LATE_MIN_MS = 500;
const LATE_SPREAD_MS = 700;
const ATTEMPTS_MAX = 20;
const RETRY_DELAY_MS = 250;
/** The provider calls twice about every fifth payment, as real ones do. */
const CALLED_TWICE_SHARE = 0.2;

/** What a payment turns out to be when it comes after the hold. */
const LATE: Readonly<Record<Payment, Payment>> = {
  prompt: 'late',
  refused: 'refused-late',
  'refused-late': 'refused-late',
  late: 'late',
  never: 'never',
};

export class Payers {
  readonly paymentOf = new Map<string, Payment>();
  /** Payments of each kind that the server has taken. */
  readonly told: Record<Payment, number> = {
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

  /** Payments that are still to be told. */
  get pending(): number {
    return this.#pending;
  }
  /** Webhook calls that were answered, repeated ones too. */
  get calls(): number {
    return this.#calls;
  }

  take(orders: readonly AcknowledgedOrder[]): void {
    for (const order of orders) {
      const payment = this.#options.plan.payment(order.userId, order.pressedAgain);
      this.paymentOf.set(order.orderId, payment);
      if (payment === 'never') {
        this.told.never++;
        continue;
      }
      const chance = this.#options.plan.chance('moment', order.userId);
      const delayMs =
        payment === 'late'
          ? order.holdExpiresAt - Date.now() + LATE_MIN_MS + chance * LATE_SPREAD_MS
          : PROMPT_MIN_MS + chance * PROMPT_SPREAD_MS;
      this.#pending++;
      this.#after(delayMs, () => this.#tell(order, payment, 0));
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#pool.close();
  }

  #tell(order: AcknowledgedOrder, payment: Payment, attempt: number): void {
    const request = this.#webhook(order, payment);
    this.#pool.request(request, ({ status, body }) => {
      this.#calls++;
      if (status >= 200 && status < 300) {
        const actual = Date.now() < order.holdExpiresAt ? payment : LATE[payment];
        this.paymentOf.set(order.orderId, actual);
        this.told[actual]++;
        this.#pending--;
        const twice = this.#options.plan.chance('twice', order.userId) < CALLED_TWICE_SHARE;
        if (twice && attempt === 0) this.#repeat(request, order);
        return;
      }
      if (attempt < ATTEMPTS_MAX) {
        this.#after(RETRY_DELAY_MS, () => this.#tell(order, payment, attempt + 1));
        return;
      }
      this.#pending--;
      this.findings.push(`the payment of ${order.orderId} was answered ${status}: ${body}`);
    });
  }

  /** The same call with the same webhook id: it must be taken, and change nothing. */
  #repeat(request: string, order: AcknowledgedOrder): void {
    this.#pool.request(request, ({ status }) => {
      this.#calls++;
      if (status >= 200 && status < 300) return;
      this.findings.push(`a repeated webhook about ${order.orderId} was answered ${status}`);
    });
  }

  #webhook(order: AcknowledgedOrder, payment: Payment): string {
    const { host, port, secret } = this.#options;
    const type = payment === 'refused' ? 'payment.failed' : 'payment.succeeded';
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
