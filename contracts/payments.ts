// What the payment provider sends (P2): Standard Webhooks 1.0.0.

import { Type } from 'typebox';
import { ORDER_ID_LENGTH_MAX, WEBHOOK_TYPE_LENGTH_MAX } from './bounds.ts';
import type { Plain } from './plain.ts';
import { REFERENCE } from './patterns.ts';
import { id } from './scalars.ts';

export const WebhookHeaders = Type.Object({
  'webhook-id': Type.String(),
  'webhook-timestamp': Type.String(),
  'webhook-signature': Type.String(),
});

/** A call as it came: what is signed are the exact bytes. */
export const WebhookCall = Type.Object({
  /** The three headers; empty where absent. */
  id: Type.String(),
  timestamp: Type.String(),
  signature: Type.String(),
  body: Type.Unsafe<Uint8Array>({}),
});
export type WebhookCall = Plain<typeof WebhookCall>;

export const WebhookId = Type.String({ pattern: REFERENCE });

/** Any event of a provider. Further fields are the provider's own affair. */
export const WebhookEvent = Type.Object({
  type: Type.String({ maxLength: WEBHOOK_TYPE_LENGTH_MAX }),
});

/** What an event that settles a payment has besides its type. */
export const Settlement = Type.Object({
  data: Type.Object({
    orderId: Type.String({ minLength: 1, maxLength: ORDER_ID_LENGTH_MAX }),
    reference: Type.String({ pattern: REFERENCE }),
  }),
});

/** For the description of the interface; events of other types are taken and ignored. */
export const PaymentEvent = Type.Object(
  {
    type: Type.Union([Type.Literal('payment.succeeded'), Type.Literal('payment.failed')]),
    data: Type.Object({ orderId: id, reference: Type.String() }),
  },
  { title: 'PaymentEvent' },
);
