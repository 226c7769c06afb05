// Refunds of payments at Stripe. A payment that was only authorised is let go instead, which is
// free. Before it asks for a refund, the driver reads what became of the payment so far, so that a
// refund is made once, however long ago the earlier attempt was: Stripe forgets keys after a day.

import type { Stripe } from 'stripe';
import { ACCEPTED, type ProviderAnswer, type Refund } from '../payment-provider.ts';
import { hasCode, refusalOf, withKey } from './stripe-errors.ts';

const PAGE_LIMIT = 100;

export interface StripeRefundsOptions {
  readonly stripe: Stripe;
  /** To be awaited before each further request. */
  readonly turn: () => Promise<void>;
  /** Lets go of an authorised payment. */
  readonly release: (reference: string) => Promise<ProviderAnswer>;
}

export class StripeRefunds {
  readonly #options: StripeRefundsOptions;

  constructor(options: StripeRefundsOptions) {
    this.#options = options;
  }

  async refund(refund: Refund): Promise<ProviderAnswer> {
    const { stripe, release } = this.#options;
    const { reference, amount } = refund;
    const intent = await stripe.paymentIntents.retrieve(reference, {
      expand: ['latest_charge.refunds'],
    });
    switch (intent.status) {
      case 'canceled':
        return ACCEPTED;
      case 'succeeded':
        return await this.#refundCharge(refund, intent);
      case 'processing':
        throw new Error('the payment is still being processed');
      case 'requires_capture':
        if (amount < intent.amount_capturable)
          throw new Error('a part is refunded once the payment is captured');
        return await release(reference);
      default:
        return await release(reference);
    }
  }

  async #refundCharge(refund: Refund, intent: Stripe.PaymentIntent): Promise<ProviderAnswer> {
    const { id, amount, orderId, reference, reason } = refund;
    const charge = intent.latest_charge;
    if (charge === null || typeof charge === 'string') throw new Error('the charge is not shown');
    const made = await this.#refundsOf(charge, reference);
    const own = made.filter(({ metadata }) => metadata?.['refundId'] === id);
    if (own.some(({ status }) => status !== 'failed' && status !== 'canceled')) return ACCEPTED;
    const left = charge.amount_captured - charge.amount_refunded;
    if (left <= 0) return ACCEPTED;
    const params: Stripe.RefundCreateParams = {
      payment_intent: reference,
      amount: Math.min(amount, left),
      metadata: { refundId: id, orderId, ...(reason !== null && { reason }) },
    };
    // Those that failed have their keys. The amount is in the key, since it may be less by now.
    const key = `${id}:${params.amount}:${own.length}`;
    await this.#options.turn();
    try {
      const { refunds } = this.#options.stripe;
      const answer = await withKey(key, (idempotencyKey) =>
        refunds.create(params, { idempotencyKey }),
      );
      if (answer.status !== 'failed') return ACCEPTED;
      return { ok: false, reason: answer.failure_reason ?? 'The refund failed.' };
    } catch (error) {
      if (hasCode(error, 'charge_already_refunded')) return ACCEPTED;
      return refusalOf(error);
    }
  }

  async #refundsOf(charge: Stripe.Charge, reference: string): Promise<readonly Stripe.Refund[]> {
    const { stripe, turn } = this.#options;
    const { refunds } = charge;
    if (refunds && !refunds.has_more) return refunds.data;
    const all: Stripe.Refund[] = [];
    for (;;) {
      await turn();
      const last = all.at(-1)?.id;
      const page = await stripe.refunds.list({
        payment_intent: reference,
        limit: PAGE_LIMIT,
        ...(last !== undefined && { starting_after: last }),
      });
      all.push(...page.data);
      if (!page.has_more) return all;
    }
  }
}
