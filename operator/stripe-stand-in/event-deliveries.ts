// Sends the stand-in's events to a webhook, signed as Stripe signs them: at least once, again until
// they are taken, and, where wanted, twice and in another order.

import { Stripe } from 'stripe';
import type { StandInEvent } from './stand-in-objects.ts';

export interface EventDeliveriesOptions {
  /** Null: nothing is sent, as where no endpoint is configured. Read at each delivery. */
  readonly webhookUrl: () => string | null;
  readonly webhookSecret: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Each event comes twice, and events that wait come in any order. */
  readonly hostile?: boolean;
  /** From 0 up to 1: chooses the order. */
  readonly random?: () => number;
}

const CONCURRENCY = 8;
const ATTEMPTS_MAX = 20;
const RETRY_DELAY_FIRST_MS = 50;
const RETRY_DELAY_MAX_MS = 2_000;
const CALL_TIMEOUT_MS = 10_000;
/** The last deliveries that are kept for a look at them. */
const KEPT_MAX = 10_000;

export interface Delivery {
  readonly eventId: string;
  readonly type: string;
  readonly status: number;
}

export class EventDeliveries {
  readonly #options: EventDeliveriesOptions;
  /** Every call of the webhook, oldest first. */
  readonly deliveries: Delivery[] = [];
  #waiting: StandInEvent[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: EventDeliveriesOptions) {
    this.#options = options;
  }

  add(events: readonly StandInEvent[]): void {
    if (this.#options.webhookUrl() === null) return;
    for (const event of events) {
      this.#waiting.push(event);
      if (this.#options.hostile === true) this.#waiting.push(event);
    }
    this.#startNext();
  }

  /** One call each, whose answers are awaited. */
  async deliverNow(events: readonly StandInEvent[]): Promise<void> {
    if (this.#options.webhookUrl() === null) return;
    for (const event of events) await this.#call(event);
  }

  /** Resolves when nothing waits and nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting = [];
    await Promise.all(this.#running);
  }

  #startNext(): void {
    while (this.#running.size < CONCURRENCY && !this.#stopping.signal.aborted) {
      const event = this.#next();
      if (event === undefined) return;
      const running = this.#deliver(event).finally(() => {
        this.#running.delete(running);
        this.#startNext();
      });
      this.#running.add(running);
    }
  }

  #next(): StandInEvent | undefined {
    const { hostile = false, random = Math.random } = this.#options;
    if (!hostile) return this.#waiting.shift();
    const [next] = this.#waiting.splice(Math.floor(random() * this.#waiting.length), 1);
    return next;
  }

  /** Never rejects. */
  async #deliver(event: StandInEvent): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (await this.#call(event)) return;
      if (this.#stopping.signal.aborted) return;
      await pause(Math.min(RETRY_DELAY_FIRST_MS * 2 ** attempt, RETRY_DELAY_MAX_MS));
    }
  }

  async #call(event: StandInEvent): Promise<boolean> {
    const { webhookUrl, webhookSecret: secret, now } = this.#options;
    const url = webhookUrl();
    if (url === null) return false;
    const payload = JSON.stringify(event);
    const timestamp = Math.floor(now() / 1_000);
    const signed = { payload, secret, timestamp };
    const signature = Stripe.webhooks.generateTestHeaderString(signed);
    let status = 0;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
        body: payload,
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      ({ status } = response);
    } catch {
      // The webhook is away: the next attempt may find it.
    }
    if (this.deliveries.length >= KEPT_MAX) this.deliveries.shift();
    this.deliveries.push({ eventId: event.id, type: event.type, status });
    return status >= 200 && status < 300;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
