// Payments: what the provider sends (P2), Standard Webhooks 1.0.0, and what readers see of an
// order's payments.

import { Type } from 'typebox';
import { ORDER_ID_LENGTH_MAX, WEBHOOK_TYPE_LENGTH_MAX } from './bounds.ts';
import type { Plain } from './plain.ts';
import { CURRENCY, REFERENCE } from './patterns.ts';
import { count, currencyCode, id, time } from './scalars.ts';
import { absentIfNull, wire } from './wire.ts';

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

/** What became of a payment, as its provider says. */
export const PaymentOutcome = Type.Union([
  Type.Literal('succeeded'),
  /** One attempt was declined. */
  Type.Literal('failed'),
  /** It will never succeed. */
  Type.Literal('cancelled'),
  /** Some or all of it was paid back. */
  Type.Literal('refunded'),
  /**
   * It will never succeed, or had been authorised and will not be captured. To be sent only from
   * feature level 3 on.
   */
  Type.Literal('voided'),
  /** Its payer wants it back: to be sent only from feature level 3 on, like the next two. */
  Type.Literal('disputed'),
  Type.Literal('dispute-won'),
  Type.Literal('dispute-lost'),
]);
export type PaymentOutcome = Plain<typeof PaymentOutcome>;

/** The outcome that each type of event tells. Events of other types are taken and ignored. */
export const OUTCOMES: ReadonlyMap<string, PaymentOutcome> = new Map(
  PaymentOutcome.anyOf
    .filter(({ const: outcome }) => !outcome.startsWith('dispute-'))
    .map(({ const: outcome }) => [`payment.${outcome}`, outcome]),
);
/** The type of the event that ends a dispute; its data says how. */
export const DISPUTE_CLOSED = 'payment.dispute_closed';

const outcomeOfDispute = Type.Optional(
  Type.Enum(['won', 'lost'], {
    type: 'string',
    description: `of \`${DISPUTE_CLOSED}\`: whether the seller keeps the money`,
  }),
);

const amountOfEvent = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'In the minor unit of the currency: what was paid; of a refund, what was refunded of the ' +
      'payment so far in all, where absent all of it.',
  }),
);
const currencyOfEvent = Type.Optional(Type.String({ pattern: CURRENCY, description: 'ISO 4217' }));

/** What an event about a payment has besides its type. */
export const Settlement = Type.Object({
  data: Type.Object({
    orderId: Type.String({ minLength: 1, maxLength: ORDER_ID_LENGTH_MAX }),
    reference: Type.String({ pattern: REFERENCE }),
    amount: amountOfEvent,
    currency: currencyOfEvent,
    outcome: outcomeOfDispute,
  }),
});

/** For the description of the interface. */
export const PaymentEvent = Type.Object(
  {
    type: Type.Enum([...OUTCOMES.keys(), DISPUTE_CLOSED], { type: 'string' }),
    data: Type.Object({
      orderId: id,
      reference: Type.String(),
      amount: amountOfEvent,
      currency: currencyOfEvent,
      outcome: outcomeOfDispute,
    }),
  },
  { title: 'PaymentEvent' },
);

/** Why a payment that succeeded does not pay for its order. */
export const PaymentRejection = Type.Union([
  /** Another payment has settled the order (P4a). */
  Type.Literal('order-settled'),
  /** Its amount or its currency is not the order's (P2a). */
  Type.Literal('wrong-amount'),
]);
export type PaymentRejection = Plain<typeof PaymentRejection>;

export const PaymentStatus = Type.Union([
  Type.Literal('pending'),
  /** Declined: another attempt may succeed while the hold lasts. */
  Type.Literal('failed'),
  Type.Literal('cancelled'),
  Type.Literal('succeeded'),
  /** The provider is asked to refund it. */
  Type.Literal('refunding'),
  Type.Literal('refunded'),
]);
export type PaymentStatus = Plain<typeof PaymentStatus>;

/** The providers that prepare each payment, by their names: a buyer pays once it is ready (R5). */
export const PREPARING_PROVIDERS: ReadonlySet<string> = new Set(['stripe']);

/** Whether a reserved order can be paid now. */
export const PaymentReadiness = Type.Union([Type.Literal('preparing'), Type.Literal('ready')]);
export type PaymentReadiness = Plain<typeof PaymentReadiness>;

/** What a buyer needs to pay for a reserved order. */
export const BuyerPayment = Type.Object(
  {
    provider: Type.String(),
    reference: Type.String(),
    status: PaymentReadiness,
    /** While it is being prepared: when it will be ready, about. */
    readyAt: absentIfNull(time),
    /** The end of the hold as it is now: it moves when the payment becomes ready. */
    holdExpiresAt: time,
    /** For Stripe’s own code on the buyer’s device. Nobody else gets it. */
    clientSecret: absentIfNull(Type.String()),
    /** Stripe’s publishable key, where one is configured. */
    publishableKey: absentIfNull(Type.String()),
  },
  { title: 'BuyerPayment' },
);
export type BuyerPayment = Plain<typeof BuyerPayment>;
export const BuyerPaymentBody = wire(BuyerPayment);

/** How the development provider settles a payment, so that every way can be tried (P1). */
export const PAYMENT_BEHAVIOURS = [
  'success',
  /** One declined attempt, and no other. */
  'failure',
  'failure-then-success',
  'cancelled',
  /** After the hold has ended. */
  'late',
  /** Two payments, each under its own reference. */
  'twice',
  /** A smallest unit too much. */
  'wrong-amount',
  /** Paid, and then refunded at the provider's desk. */
  'refunded',
  'partly-refunded',
] as const;
export type PaymentBehaviour = (typeof PAYMENT_BEHAVIOURS)[number];

/** What a buyer chooses on the page of the development provider. */
export const DevelopmentPayment = Type.Object(
  {
    outcome: Type.Enum([...PAYMENT_BEHAVIOURS], {
      type: 'string',
      description: 'How the development provider settles the payment.',
    }),
  },
  { title: 'DevelopmentPayment' },
);

export const StripeHeaders = Type.Object({ 'Stripe-Signature': Type.String() });
/** A call of Stripe as it came: what is signed are the exact bytes. */
export const StripeCall = Type.Object({
  /** Empty where absent. */
  signature: Type.String(),
  body: Type.Unsafe<Uint8Array>({}),
});
export type StripeCall = Plain<typeof StripeCall>;
/** For the description of the interface: the rest of Stripe’s events is Stripe’s own affair. */
export const StripeEvent = Type.Object(
  { id: Type.String(), type: Type.String(), data: Type.Object({ object: Type.Object({}) }) },
  { title: 'StripeEvent' },
);

/** The payer wants a payment back, by way of the provider (P7). */
export const PaymentDispute = Type.Object(
  {
    status: Type.Union([Type.Literal('open'), Type.Literal('won'), Type.Literal('lost')]),
    /** In the currency's minor unit. */
    amount: count,
    currency: currencyCode,
    openedAt: time,
    closedAt: absentIfNull(time),
  },
  { title: 'PaymentDispute' },
);
export type PaymentDispute = Plain<typeof PaymentDispute>;

/** One payment of an order, known by its reference (P4a). */
export const Payment = Type.Object(
  {
    /** The provider's reference. */
    reference: Type.String(),
    status: PaymentStatus,
    /** In the currency's minor unit. */
    amount: count,
    currency: currencyCode,
    /**
     * So far: parts that were asked for, what the provider says that it has refunded, and what was
     * lost in a dispute.
     */
    refundedAmount: count,
    dispute: Type.Optional(PaymentDispute),
  },
  { title: 'Payment' },
);
export type Payment = Plain<typeof Payment>;

/** A refund of an order that was sold, as its seller asked for it. */
export const OrderRefund = Type.Object(
  {
    /** From 1, in the order in which they were asked for. */
    number: count,
    /** In the minor unit of the order's currency. */
    amount: count,
    /** Units that the buyer gave back. */
    quantity: count,
    /** Whether these units were put back on sale. */
    restocked: Type.Boolean(),
    /** In the seller's words. */
    reason: absentIfNull(Type.String()),
    /** Absent for a refund of everything at once without a reason. */
    createdAt: absentIfNull(time),
  },
  { title: 'OrderRefund' },
);
export type OrderRefund = Plain<typeof OrderRefund>;

export const OrderPayments = Type.Object(
  {
    /** The payment that settled the order, or is to settle it, comes first. */
    items: Type.Array(Payment),
    /** The oldest first. */
    refunds: Type.Array(OrderRefund),
    /**
     * While the provider is not ready to take the payment: about how long that will take by the
     * turns of the drop's own buyers. Null, or absent: it is ready, or need not be.
     */
    readyInMs: absentIfNull(count),
  },
  { title: 'OrderPayments' },
);
export type OrderPayments = Plain<typeof OrderPayments>;

// On the wire

export const OrderPaymentsBody = wire(OrderPayments);
