// What happened to a drop, in the past tense: the only things the journal holds. Orders are named
// by their ordinal, which counts from 0 in each drop. Times are not in the events: all events of
// one journal entry share the entry's time.

import { Type } from 'typebox';
import { DropAccess, DropTerms } from './drops.ts';
import { Metadata } from './metadata.ts';
import { PaymentRejection } from './payments.ts';
import type { Plain } from './plain.ts';
import { KeyedRequest } from './requests.ts';
import { count, textOrNull, userId } from './scalars.ts';

const ordinal = count;
/** The provider's reference for the payment. */
const reference = Type.String();

export const DropCreated = Type.Object({
  type: Type.Literal('drop-created'),
  terms: DropTerms,
  stock: count,
  /** 1 unless given. A drop that was a draft goes on from its revision. */
  revision: Type.Optional(count),
});
export const DropAmended = Type.Object({
  type: Type.Literal('drop-amended'),
  startsAt: DropTerms.properties.startsAt,
  endsAt: DropTerms.properties.endsAt,
  limitPerUser: DropTerms.properties.limitPerUser,
});
/** Negative units were taken away. */
export const DropRestocked = Type.Object({
  type: Type.Literal('drop-restocked'),
  units: Type.Integer(),
});
export const DropOpened = Type.Object({ type: Type.Literal('drop-opened') });
export const DropClosed = Type.Object({ type: Type.Literal('drop-closed') });
export const DropCancelled = Type.Object({ type: Type.Literal('drop-cancelled') });
export const OrderPlaced = Type.Object({
  type: Type.Literal('order-placed'),
  userId,
  /** The Idempotency-Key. */
  key: Type.String(),
  quantity: count,
  /** As in `OrderView`; from feature level 3 on. */
  metadata: Type.Optional(Type.String()),
  /** The number of its pass (`domain/pass.ts`); from feature level 4 on. */
  pass: Type.Optional(count),
});
export const OrderConfirmed = Type.Object({
  type: Type.Literal('order-confirmed'),
  ordinal,
  reference,
});
/** The payment came after the hold ended: the units are taken again and sold in one step (P4). */
export const OrderConfirmedLate = Type.Object({
  type: Type.Literal('order-confirmed-late'),
  ordinal,
  reference,
});
export const OrderFailed = Type.Object({ type: Type.Literal('order-failed'), ordinal, reference });
/** Paid, but no unit can be given: the provider is asked to pay back (P4). */
export const RefundRequested = Type.Object({
  type: Type.Literal('refund-requested'),
  ordinal,
  reference,
});
export const OrderExpired = Type.Object({ type: Type.Literal('order-expired'), ordinal });
export const OrderCancelled = Type.Object({ type: Type.Literal('order-cancelled'), ordinal });
export const OrderRefunded = Type.Object({ type: Type.Literal('order-refunded'), ordinal });

// From feature level 2 on

/** Before the start only (D3a). */
export const DropRepriced = Type.Object({
  type: Type.Literal('drop-repriced'),
  /** In the currency's minor unit. */
  unitAmount: count,
});

/** From feature level 3 on. Null: there is none now. */
export const DropDescribed = Type.Object({
  type: Type.Literal('drop-described'),
  metadata: Type.Union([Metadata, Type.Null()]),
  externalId: textOrNull,
});

/** One attempt to pay was declined; the hold stays (P3a). */
export const PaymentDeclined = Type.Object({
  type: Type.Literal('payment-declined'),
  ordinal,
  reference,
});
/**
 * A payment that does not pay for the order: the provider is asked to refund it, and the order
 * stays as it is (P2a, P4a).
 */
export const PaymentRejected = Type.Object({
  type: Type.Literal('payment-rejected'),
  ordinal,
  reference,
  /** What was paid, in the minor unit of `currency`. */
  amount: count,
  /** ISO 4217. */
  currency: Type.String(),
  reason: PaymentRejection,
});
/** The provider has refunded some or all of a payment (P3a). */
export const PaymentRefunded = Type.Object({
  type: Type.Literal('payment-refunded'),
  ordinal,
  reference,
  /** Refunded of the payment so far in all, in the minor unit of `currency`. */
  amount: count,
  /** ISO 4217. */
  currency: Type.String(),
});
/** The order's payment was refunded at the provider's own desk: nothing is asked of it (P3a). */
export const OrderRefundedAtProvider = Type.Object({
  type: Type.Literal('order-refunded-at-provider'),
  ordinal,
});

// From feature level 3 on

/** The provider is ready to take the payment: the time to pay begins now. */
export const PaymentPrepared = Type.Object({
  type: Type.Literal('payment-prepared'),
  ordinal,
  reference,
});
/**
 * The payment that confirmed the order was authorised, and will not be captured: the order fails,
 * and its units are free.
 */
export const PaymentVoided = Type.Object({
  type: Type.Literal('payment-voided'),
  ordinal,
  reference,
});
/**
 * What a request with an Idempotency-Key changed stands before it in the same entry: the answer is
 * the drop, or the order, as it stands now (H11).
 */
export const RequestAnswered = Type.Object({
  type: Type.Literal('request-answered'),
  ...Type.Pick(KeyedRequest, ['id', 'fingerprint']).properties,
  /** Null: the answer is the drop. */
  about: Type.Union([ordinal, Type.Null()]),
});
/** The payer of a payment wants it back, by way of the provider (P7). */
export const PaymentDisputed = Type.Object({
  type: Type.Literal('payment-disputed'),
  ordinal,
  reference,
  /** What is disputed, in the minor unit of `currency`. */
  amount: count,
  /** ISO 4217. */
  currency: Type.String(),
});
export const DisputeClosed = Type.Object({
  type: Type.Literal('dispute-closed'),
  ordinal,
  reference,
  /** Lost: the payer has the money back. */
  outcome: Type.Union([Type.Literal('won'), Type.Literal('lost')]),
});

/** No orders are taken from now on. */
export const DropPaused = Type.Object({
  type: Type.Literal('drop-paused'),
  /** Holds do not run until the pause is over. */
  extendHolds: Type.Boolean(),
  /** In the words of who paused it. */
  reason: textOrNull,
});
/** Orders are taken again. A pause also ends with the drop, without this event. */
export const DropResumed = Type.Object({ type: Type.Literal('drop-resumed') });

/** What a seller refunds of an order, beside its units. */
const refund = {
  ordinal,
  /** In the currency's minor unit. */
  amount: count,
  /** Units that the buyer gives back. */
  quantity: count,
  /** False: the units leave the drop instead of being free again. */
  restock: Type.Boolean(),
  /** In the seller's words. */
  reason: textOrNull,
};
/** A part of the order is refunded, and it stays confirmed. */
export const OrderPartRefunded = Type.Object({
  type: Type.Literal('order-part-refunded'),
  ...refund,
  /** From 1, in each order. */
  number: count,
});
/**
 * All that is left of an order is refunded. Where that is everything, its units are free again and
 * there is no reason, it is `order-refunded`.
 */
export const OrderRestRefunded = Type.Object({
  type: Type.Literal('order-rest-refunded'),
  ...refund,
});

/** From feature level 3 on. What they say is in no journal. */
export const OrderDetailsAdded = Type.Object({
  type: Type.Literal('order-details-added'),
  ordinal,
});

// From feature level 4 on

/** Who may buy, as it is now. */
export const DropAccessChanged = Type.Object({
  type: Type.Literal('drop-access-changed'),
  access: DropAccess,
  earlyAccessSeconds: count,
});

export const DropEvent = Type.Union([
  DropCreated,
  DropAmended,
  DropRestocked,
  DropOpened,
  DropClosed,
  DropCancelled,
  OrderPlaced,
  OrderConfirmed,
  OrderConfirmedLate,
  OrderFailed,
  RefundRequested,
  OrderExpired,
  OrderCancelled,
  OrderRefunded,
  PaymentDeclined,
  PaymentRejected,
  PaymentRefunded,
  OrderRefundedAtProvider,
  DropRepriced,
  DropDescribed,
  OrderDetailsAdded,
  PaymentPrepared,
  PaymentVoided,
  RequestAnswered,
  PaymentDisputed,
  DisputeClosed,
  DropPaused,
  DropResumed,
  OrderPartRefunded,
  OrderRestRefunded,
  DropAccessChanged,
]);
export type DropEvent = Plain<typeof DropEvent>;
export type DropEventType = DropEvent['type'];
