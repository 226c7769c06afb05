// The payment provider's calls (P2, R5), and what a buyer needs to pay. The exact bytes of calls
// are signed, so their bodies are passed on unparsed.

import { buyerPaymentBody } from '../present.ts';
import { emptyReply, jsonReply, route, type Route, userRoute } from '../http/route.ts';
import {
  BuyerPaymentBody,
  DevelopmentPayment,
  PaymentEvent,
  StripeEvent,
  StripeHeaders,
  WebhookHeaders,
} from '../../contracts/payments.ts';

export interface PaymentRoutesOptions {
  /** The `payment.provider` of orders. */
  readonly paymentProvider: string;
}

export function paymentRoutes({ paymentProvider }: PaymentRoutesOptions): Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/v1/payments/webhook',
        summary: 'Standard Webhooks 1.0.0. A repeated webhook-id is a success and changes nothing.',
        tag: 'payments',
        access: 'public',
        // Not limited: the provider calls from few addresses, and a wrong signature is refused.
        rateClass: null,
        headers: WebhookHeaders,
        body: PaymentEvent,
        bodyAsBytes: true,
        status: 200,
        refusals: ['unauthenticated', 'not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, header, bytes }) => {
        const handled = await call('payments.webhook', {
          id: header('webhook-id'),
          timestamp: header('webhook-timestamp'),
          signature: header('webhook-signature'),
          body: bytes,
        });
        return handled.ok ? emptyReply(200) : handled;
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/payments/stripe/webhook',
        summary: 'Stripe’s events. A repeated id is a success and changes nothing.',
        tag: 'payments',
        access: 'public',
        rateClass: null,
        headers: StripeHeaders,
        body: StripeEvent,
        bodyAsBytes: true,
        status: 200,
        refusals: ['unauthenticated', 'not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, header, bytes }) => {
        const signature = header('stripe-signature');
        const handled = await call('payments.stripeWebhook', { signature, body: bytes });
        return handled.ok ? emptyReply(200) : handled;
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/orders/{id}/payment',
        summary: 'What the buyer needs to pay for a reserved order of one’s own.',
        tag: 'payments',
        access: 'user',
        rateClass: 'reads',
        status: 200,
        response: BuyerPaymentBody,
        refusals: ['not-found', 'order-not-payable', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id }) => {
        const payment = await call('payments.ofBuyer', { caller, orderId: id });
        if (!payment.ok) return payment;
        return jsonReply(200, buyerPaymentBody(payment.value));
      },
    ),
    // With any other provider there is no such address.
    ...(paymentProvider === 'development' ? [settleInDevelopment()] : []),
  ];
}

function settleInDevelopment(): Route {
  return userRoute(
    {
      method: 'POST',
      path: '/v1/orders/{id}/development-payment',
      summary:
        'Have the development provider settle the payment of a reserved order of one’s own. ' +
        'Only where that provider takes payments.',
      tag: 'payments',
      access: 'user',
      rateClass: 'writes',
      body: DevelopmentPayment,
      status: 202,
      refusals: [
        'not-found',
        'order-not-payable',
        'request-in-progress',
        'unavailable',
        'overloaded',
      ],
    },
    async ({ call, caller, id: orderId, body: { outcome } }) => {
      const taken = await call('payments.settleInDevelopment', { caller, orderId, outcome });
      return taken.ok ? emptyReply(202) : taken;
    },
  );
}
