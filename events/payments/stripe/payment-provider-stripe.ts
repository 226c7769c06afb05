// Stripe as the payment provider (R5): a payment intent for each order, made after the order, with
// cards authorised first and captured once the order is confirmed. A payment's reference is the
// intent's id. The order's id is in the intent's metadata, so events name their order.
//
// Who asks again is the caller: a request is sent once, but where the connection was closed, under
// its own key again (stripe-node 23). Each request ends within `REQUEST_TIMEOUT_MS`.

import { Stripe } from 'stripe';
import type { Clock } from '../../../actors/clock.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import { paymentReference } from '../../../domain/ids.ts';
import { CallPace } from '../call-pace.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type PreparedAnswer,
  type PreparedPayments,
  type ProviderAnswer,
  type Refund,
} from '../payment-provider.ts';
import { amountProblem } from './stripe-digits.ts';
import { intentOf, pauseOf, refusalOf, withKey } from './stripe-errors.ts';
import { StripeRefunds } from './stripe-refunds.ts';

export interface StripePaymentProviderOptions {
  readonly secretKey: string;
  /** Of Stripe's API, such as `https://api.stripe.com`. */
  readonly api: URL;
  /** Calls a second that all nodes make together. */
  readonly callsPerSecond: number;
  /** How many nodes make calls. Read at each call. */
  readonly nodes: () => number;
  readonly clock: Clock;
}

/** Shorter than the time that callers wait for an answer. */
const REQUEST_TIMEOUT_MS = 8_000;
/** Preparing, and then capturing or letting go. */
const CALLS_PER_PAYMENT = 2;
/** Of buyers' secrets, about 200 bytes each. */
const SECRETS_KEPT_MAX = 20_000;
/** Secrets are read apart from the other calls, whose crowd would delay a waiting buyer. */
const SECRET_WAIT_MS_MAX = 3_000;

export class StripePaymentProvider implements PaymentProvider {
  readonly name = 'stripe';
  readonly prepared: PreparedPayments;
  readonly #stripe: Stripe;
  readonly #pace: CallPace;
  readonly #reads: CallPace;
  readonly #refunds: StripeRefunds;
  /** By the reference of the payment; in memory only. */
  readonly #secrets = new Map<string, string>();
  /** Reads under way, so that one buyer with many tabs costs one. */
  readonly #reading = new Map<string, Promise<string | null>>();

  constructor(options: StripePaymentProviderOptions) {
    const { secretKey, api, callsPerSecond, nodes, clock } = options;
    this.#stripe = new Stripe(secretKey, {
      protocol: api.protocol === 'http:' ? 'http' : 'https',
      host: api.hostname,
      port: api.port === '' ? (api.protocol === 'http:' ? 80 : 443) : Number(api.port),
      maxNetworkRetries: 0,
      timeout: REQUEST_TIMEOUT_MS,
      telemetry: false,
    });
    const rate = () => callsPerSecond / Math.max(1, nodes());
    this.#pace = new CallPace({ rate, clock });
    this.#reads = new CallPace({ rate, clock });
    this.#refunds = new StripeRefunds({
      stripe: this.#stripe,
      turn: () => this.#pace.turn(),
      release: (reference) => this.#release(reference),
    });
    this.prepared = {
      paceMs: Math.ceil((CALLS_PER_PAYMENT * 1_000) / callsPerSecond),
      turn: () => this.#pace.turn(),
      prepare: (order) => this.#paced(() => this.#prepare(order)),
      capture: (reference) => this.#paced(() => this.#capture(reference)),
      release: (reference) => this.#paced(() => this.#release(reference)),
      secretOf: (reference) => this.#paced(() => this.#secretOf(reference)),
      orderOf: (reference) => this.#paced(() => this.#orderOf(reference)),
    };
  }

  reference(orderId: string): string {
    return paymentReference(orderId);
  }

  async opened(order: OrderView): Promise<ProviderAnswer> {
    return await this.#paced(() => this.#prepare(order));
  }

  async refund(refund: Refund): Promise<ProviderAnswer> {
    if (!isIntent(refund.reference))
      return { ok: false, reason: 'The payment was not made with Stripe.' };
    return await this.#paced(async () => {
      try {
        return await this.#refunds.refund(refund);
      } catch (error) {
        return refusalOf(error);
      }
    });
  }

  async #prepare(order: OrderView): Promise<PreparedAnswer> {
    const { id, dropId, totalAmount: amount, currency } = order;
    const problem = amountProblem(amount, currency);
    if (problem !== null) return { ok: false, reason: problem };
    const params: Stripe.PaymentIntentCreateParams = {
      amount,
      currency: currency.toLowerCase(),
      automatic_payment_methods: { enabled: true },
      // What cannot be captured by hand is paid at once, and refunded where the hold has ended.
      payment_method_options: { card: { capture_method: 'manual' } },
      metadata: { orderId: id, dropId },
    };
    try {
      // A second intent for the order is harmless: nobody gets its secret.
      const intent = await withKey(paymentReference(id), (idempotencyKey) =>
        this.#stripe.paymentIntents.create(params, { idempotencyKey }),
      );
      if (intent.client_secret !== null) this.#keepSecret(intent.id, intent.client_secret);
      return { ok: true, reference: intent.id };
    } catch (error) {
      return refusalOf(error);
    }
  }

  async #capture(reference: string): Promise<ProviderAnswer> {
    // Of an order that was paid before Stripe was configured.
    if (!isIntent(reference)) return ACCEPTED;
    this.#secrets.delete(reference);
    try {
      await withKey(`capture:${reference}`, (idempotencyKey) =>
        this.#stripe.paymentIntents.capture(reference, {}, { idempotencyKey }),
      );
      return ACCEPTED;
    } catch (error) {
      const refusal = refusalOf(error);
      const { status } = intentOf(error) ?? (await this.#retrieve(reference));
      if (status === 'succeeded') return ACCEPTED;
      // It can still be captured: whatever was wrong, the order's money is not lost.
      if (status === 'requires_capture' || status === 'processing') throw error;
      return refusal;
    }
  }

  async #release(reference: string): Promise<ProviderAnswer> {
    if (!isIntent(reference)) return ACCEPTED;
    this.#secrets.delete(reference);
    try {
      await withKey(`cancel:${reference}`, (idempotencyKey) =>
        this.#stripe.paymentIntents.cancel(
          reference,
          { cancellation_reason: 'abandoned' },
          { idempotencyKey },
        ),
      );
      return ACCEPTED;
    } catch (error) {
      const refusal = refusalOf(error);
      const { status } = intentOf(error) ?? (await this.#retrieve(reference));
      // Paid, or on its way: an event tells so, and then it is refunded.
      if (status === 'canceled' || status === 'succeeded' || status === 'processing')
        return ACCEPTED;
      return refusal;
    }
  }

  async #secretOf(reference: string): Promise<string | null> {
    const known = this.#secrets.get(reference);
    if (known !== undefined) return known;
    if (!isIntent(reference)) return null;
    let reading = this.#reading.get(reference);
    if (reading === undefined) {
      reading = this.#readSecret(reference).finally(() => this.#reading.delete(reference));
      this.#reading.set(reference, reading);
    }
    return await reading;
  }

  async #readSecret(reference: string): Promise<string | null> {
    if (this.#reads.waitMs > SECRET_WAIT_MS_MAX)
      throw new Error('too many buyers’ secrets are read at once');
    await this.#reads.turn();
    const { status, client_secret: secret } = await this.#stripe.paymentIntents.retrieve(reference);
    if (status === 'canceled' || status === 'succeeded' || secret === null) return null;
    this.#keepSecret(reference, secret);
    return secret;
  }

  async #orderOf(reference: string): Promise<string | null> {
    try {
      const { metadata } = await this.#retrieve(reference);
      return metadata['orderId'] ?? null;
    } catch (error) {
      refusalOf(error);
      return null;
    }
  }

  #keepSecret(reference: string, secret: string): void {
    if (this.#secrets.size >= SECRETS_KEPT_MAX) {
      const [oldest] = this.#secrets.keys();
      this.#secrets.delete(oldest!);
    }
    this.#secrets.set(reference, secret);
  }

  async #retrieve(reference: string): Promise<Stripe.PaymentIntent> {
    await this.#pace.turn();
    return await this.#stripe.paymentIntents.retrieve(reference);
  }

  /** Where Stripe says that there are too many calls, there are none for a while. */
  async #paced<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const pauseMs = pauseOf(error);
      if (pauseMs > 0) this.#pace.pause(pauseMs);
      throw error;
    }
  }
}

function isIntent(reference: string): boolean {
  return reference.startsWith('pi_');
}
