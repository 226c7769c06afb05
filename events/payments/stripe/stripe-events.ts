// What Stripe's webhook calls tell (<https://docs.stripe.com/webhooks>), as LiveDrops records
// payments. Events come at least once and in any order; each is taken by itself. A payment that is
// authorised counts as a success: it is captured once its order is confirmed.

import { isUtf8 } from 'node:buffer';
import { Stripe } from 'stripe';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { ORDER_ID_LENGTH_MAX, WEBHOOK_TYPE_LENGTH_MAX } from '../../../contracts/bounds.ts';
import type { PaymentOutcome } from '../../../contracts/payments.ts';
import { REFERENCE } from '../../../contracts/patterns.ts';

/** What an event tells of one payment, with amounts in Stripe's own unit. */
export interface StripePayment {
  readonly outcome: PaymentOutcome;
  readonly orderId: string;
  readonly reference: string;
  /** Null where the event has none. */
  readonly amount: number | null;
  /** ISO 4217, in capitals. */
  readonly currency: string;
}

/** A refund that Stripe had taken, and that failed later, such as at a closed account. */
export interface StripeFailedRefund {
  readonly refundId: string;
  readonly orderId: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
}

/** A payer wants a payment back. Stripe does not say for which order. */
export interface StripeDispute {
  readonly outcome: 'disputed' | 'dispute-won' | 'dispute-lost';
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

export type StripeReading =
  /** Not signed by Stripe, or too long ago. */
  | { readonly kind: 'forged' }
  | { readonly kind: 'malformed' }
  /** Of what it may be about, at most one is not null; none where it is about nothing of ours. */
  | {
      readonly kind: 'event';
      readonly id: string;
      readonly payment: StripePayment | null;
      readonly failedRefund: StripeFailedRefund | null;
      readonly dispute: StripeDispute | null;
    };

const TOLERANCE_SECONDS = 5 * 60;

const reference = Type.String({ pattern: REFERENCE });
const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const currency = Type.String({ pattern: '^[a-z]{3}$' });
const metadata = Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]);
/** Other fields of Stripe's objects are not read here. */
const Intent = Type.Object({
  id: reference,
  status: Type.String(),
  amount,
  amount_capturable: amount,
  amount_received: amount,
  currency,
  metadata,
  last_payment_error: Type.Optional(
    Type.Union([Type.Object({ charge: Type.Optional(reference) }), Type.Null()]),
  ),
});
const idOrObject = Type.Union([reference, Type.Object({ id: reference }), Type.Null()]);
const Charge = Type.Object({
  captured: Type.Boolean(),
  amount_refunded: amount,
  currency,
  metadata,
  payment_intent: idOrObject,
});
const Refund = Type.Object({
  amount,
  currency,
  metadata,
  payment_intent: idOrObject,
  failure_reason: Type.Optional(Type.String()),
});
const Dispute = Type.Object({
  amount,
  currency,
  payment_intent: idOrObject,
  status: Type.String(),
});
const Event = Type.Object({
  id: reference,
  type: Type.String({ maxLength: WEBHOOK_TYPE_LENGTH_MAX }),
  data: Type.Object({ object: Type.Object({}) }),
});

const event = Compile(Event);
const intent = Compile(Intent);
const charge = Compile(Charge);
const refund = Compile(Refund);
const dispute = Compile(Dispute);
const NOTHING = { payment: null, failedRefund: null, dispute: null } as const;
type Metadata = Static<typeof metadata>;

export class StripeEvents {
  readonly #secrets: readonly string[];

  /** A call that is signed with any of the endpoint's secrets is valid. */
  constructor(options: { readonly secrets: readonly string[] }) {
    this.#secrets = options.secrets;
  }

  /** `signature` is the header `Stripe-Signature`, `body` the exact bytes, `nowMs` the time. */
  read(signature: string, body: Uint8Array, nowMs: number): StripeReading {
    if (!this.#isSigned(signature, body, nowMs)) return { kind: 'forged' };
    const parsed = parseJson(body);
    if (!event.Check(parsed)) return { kind: 'malformed' };
    const { id, type } = parsed;
    const { object } = parsed.data;
    if (type.startsWith('payment_intent.')) {
      if (!intent.Check(object)) return { kind: 'malformed' };
      return { ...NOTHING, kind: 'event', id, payment: paymentOf(type, id, object) };
    }
    if (type === 'charge.refunded') {
      if (!charge.Check(object)) return { kind: 'malformed' };
      return { ...NOTHING, kind: 'event', id, payment: refundedOf(object) };
    }
    if (type === 'refund.failed') {
      if (!refund.Check(object)) return { kind: 'malformed' };
      return { ...NOTHING, kind: 'event', id, failedRefund: failedRefundOf(object) };
    }
    if (type === 'charge.dispute.created' || type === 'charge.dispute.closed') {
      if (!dispute.Check(object)) return { kind: 'malformed' };
      const isClosed = type === 'charge.dispute.closed';
      return { ...NOTHING, kind: 'event', id, dispute: disputeOf(object, isClosed) };
    }
    return { ...NOTHING, kind: 'event', id };
  }

  #isSigned(signature: string, body: Uint8Array, nowMs: number): boolean {
    // The package signs text: bytes that are not UTF-8 would be replaced in it.
    if (!isUtf8(body) || body.length === 0) return false;
    // The package accepts any time in the future.
    const [, seconds] = /(?:^|,)t=([0-9]{1,12})(?:,|$)/.exec(signature) ?? [];
    if (seconds === undefined) return false;
    if (Number(seconds) - Math.floor(nowMs / 1_000) > TOLERANCE_SECONDS) return false;
    const payload = Buffer.from(body);
    return this.#secrets.some((secret) => {
      try {
        const { signature: verifier } = Stripe.webhooks;
        return verifier!.verifyHeader(
          payload,
          signature,
          secret,
          TOLERANCE_SECONDS,
          undefined,
          nowMs,
        );
      } catch {
        return false;
      }
    });
  }
}

function paymentOf(
  type: string,
  eventId: string,
  object: Static<typeof Intent>,
): StripePayment | null {
  const orderId = ownOrder(object.metadata);
  if (orderId === null) return null;
  const about = { orderId, reference: object.id, currency: object.currency.toUpperCase() };
  switch (type) {
    case 'payment_intent.amount_capturable_updated':
      return object.status === 'requires_capture'
        ? { ...about, outcome: 'succeeded', amount: object.amount_capturable }
        : null;
    case 'payment_intent.succeeded':
      return { ...about, outcome: 'succeeded', amount: object.amount_received };
    case 'payment_intent.payment_failed':
      // Attempts share the intent's id, so each is named by its charge, or by its event.
      return {
        ...about,
        outcome: 'failed',
        reference: object.last_payment_error?.charge ?? eventId,
        amount: object.amount,
      };
    case 'payment_intent.canceled':
      return { ...about, outcome: 'voided', amount: null };
    default:
      return null;
  }
}

/** Of a charge that was captured: letting an authorisation go pays nothing back. */
function refundedOf(object: Static<typeof Charge>): StripePayment | null {
  const orderId = ownOrder(object.metadata);
  const paid = idOf(object.payment_intent);
  if (orderId === null || paid === null || !object.captured) return null;
  return {
    outcome: 'refunded',
    orderId,
    reference: paid,
    amount: object.amount_refunded,
    currency: object.currency.toUpperCase(),
  };
}

function failedRefundOf(object: Static<typeof Refund>): StripeFailedRefund | null {
  const orderId = ownOrder(object.metadata);
  const refundId = object.metadata?.['refundId'];
  const paid = idOf(object.payment_intent);
  if (orderId === null || refundId === undefined || paid === null) return null;
  return {
    refundId,
    orderId,
    reference: paid,
    amount: object.amount,
    currency: object.currency.toUpperCase(),
    reason: object.failure_reason ?? 'The refund failed.',
  };
}

/** An inquiry that is closed without a dispute (`warning_closed`) is won. */
function disputeOf(object: Static<typeof Dispute>, isClosed: boolean): StripeDispute | null {
  const disputed = idOf(object.payment_intent);
  if (disputed === null) return null;
  const ended = object.status === 'lost' ? 'dispute-lost' : 'dispute-won';
  return {
    outcome: isClosed ? ended : 'disputed',
    reference: disputed,
    amount: object.amount,
    currency: object.currency.toUpperCase(),
  };
}

/** Null: it is another system's, which uses the same account. */
function ownOrder(of: Metadata): string | null {
  const orderId = of?.['orderId'];
  return orderId !== undefined && orderId.length <= ORDER_ID_LENGTH_MAX ? orderId : null;
}

function idOf(of: Static<typeof idOrObject>): string | null {
  return typeof of === 'object' ? (of?.id ?? null) : of;
}

/** The JSON value of the bytes; undefined where they are no JSON. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
}
