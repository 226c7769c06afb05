// The payment provider's calls (P2). The exact bytes are signed, so the body is passed on unparsed.

import { emptyReply, route, type Route } from '../http/route.ts';
import { PaymentEvent, WebhookHeaders } from '../../contracts/payments.ts';

export function paymentRoutes(): Route[] {
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
  ];
}
