// The payment provider port. Only references pass through it, never card data (P1). A provider
// reports payments by calling the webhook (`services/payments.ts`); this port is the other
// direction.
//
// A provider answers a call, or refuses it for good: both are values. Everything that may be
// different at the next attempt (no answer, an answer of 5xx, too many calls) is thrown.

import type { OrderView } from '../../contracts/orders.ts';
import type { PaymentBehaviour } from '../../contracts/payments.ts';

export interface Refund {
  /**
   * The same at each call for this refund, and of no other one: a payment may have several, each of
   * a part of it. 27 characters of `a-z0-9_`. Calls with one id have all other fields alike, too.
   */
  readonly id: string;
  readonly orderId: string;
  /** The provider's reference for the payment. */
  readonly reference: string;
  /**
   * What is to be refunded, in the currency's minor unit. Where less is left of the payment, since
   * some of it was refunded at the provider's own desk, the refund is of what is left.
   */
  readonly amount: number;
  /** ISO 4217. */
  readonly currency: string;
  /** Why, in the seller's words: one line of text. Null where none was given. */
  readonly reason: string | null;
}

/** `reason` is the provider's own text: of any length, with any characters. */
export type ProviderAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

export const ACCEPTED: ProviderAnswer = Object.freeze({ ok: true });

/** A payment that the provider is ready to take, under its own reference. */
export type PreparedAnswer =
  | { readonly ok: true; readonly reference: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Of a provider that must be called before a buyer can pay, and that authorises a payment first and
 * takes the money later, where the means of payment allows. What it reports as a success is
 * authorised at least. All calls are made at least once; rejections and the signal are as for
 * `opened`.
 */
export interface PreparedPayments {
  /**
   * How far apart two payments are prepared at the provider's pace, in milliseconds, where each
   * of them is captured or let go as well.
   */
  readonly paceMs: number;
  /** Resolves when the provider's pace allows one more call. To be awaited before each call. */
  turn(): Promise<void>;
  /**
   * Prepares the payment of an order. Idempotent by the order's id for a day at least. Later, or
   * after a fault at the provider, there may be a second payment: nobody can pay it unless the
   * drop's journal has its reference. A refusal is final: the order cannot be paid.
   */
  prepare(order: OrderView, signal: AbortSignal): Promise<PreparedAnswer>;
  /**
   * Takes the money of an authorised payment; a success where it was taken before. A refusal says
   * that it will never be.
   */
  capture(reference: string, signal: AbortSignal): Promise<ProviderAnswer>;
  /**
   * The payment is not wanted any more: it can neither be paid nor captured from now on. A success
   * as well where it was paid meanwhile: the provider reports that, and its refund is asked for.
   */
  release(reference: string, signal: AbortSignal): Promise<ProviderAnswer>;
  /**
   * What the buyer's device needs to pay; null where the payment is over. It is a secret: never
   * journaled, logged or published.
   */
  secretOf(reference: string, signal: AbortSignal): Promise<string | null>;
  /** The id of the order that a payment is for; null where it is of another system. */
  orderOf(reference: string, signal: AbortSignal): Promise<string | null>;
}

export interface PaymentProvider {
  /** Shown to buyers beside the reference. */
  readonly name: string;
  /**
   * The reference under which the order is paid. It is a pure function of the order's id, because
   * the order path makes no calls. Drivers must use `paymentReference` in `domain/ids.ts`, which
   * the drop's actor shows.
   */
  reference(orderId: string): string;
  /** Absent where a buyer can pay at once: then `opened` is called, otherwise these methods. */
  readonly prepared?: PreparedPayments;
  /**
   * Settles the payment of an order as its buyer says, by webhook calls that are made after this
   * returns. False: that order's payment is being settled already. Throws where there is no room
   * for one more. Only the development provider has it: with it nobody pays really.
   */
  readonly settle?: (order: OrderView, behaviour: PaymentBehaviour) => boolean;
  /**
   * Opens a payment for the order at the provider. Called at least once for each reserved order;
   * idempotent by its id. A rejection is a fault, and the call is made again. The caller waits for
   * a bounded time, then aborts the signal: the driver should end its work and may still reject.
   */
  opened(order: OrderView, signal: AbortSignal): Promise<ProviderAnswer>;
  /**
   * Requests a refund, which is durable at the provider when this resolves with success. Called at
   * least once; idempotent by `refund.id`, since an order may have several payments, and a payment
   * several refunds. Rejections and the signal: as for `opened`.
   */
  refund(refund: Refund, signal: AbortSignal): Promise<ProviderAnswer>;
}
