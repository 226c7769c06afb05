// The payment provider port. Only references pass through it, never card data (P1). A provider
// reports payments by calling the webhook (`services/payments.ts`); this port is the other
// direction.
//
// A provider answers a call, or refuses it for good: both are values. Everything that may be
// different at the next attempt (no answer, an answer of 5xx, too many calls) is thrown.

import type { OrderView } from '../../contracts/orders.ts';

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

export interface PaymentProvider {
  /** Shown to buyers beside the reference. */
  readonly name: string;
  /**
   * The reference under which the order is paid. It is a pure function of the order's id, because
   * the order path makes no calls. Drivers must use `paymentReference` in `domain/ids.ts`, which
   * the drop's actor shows.
   */
  reference(orderId: string): string;
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
