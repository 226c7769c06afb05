// The payment provider port. Only references pass through it, never card data (P1). A provider
// reports payments by calling the webhook (`services/payments.ts`); this port is the other
// direction.

import type { OrderView } from '../../contracts/orders.ts';

export interface Refund {
  readonly orderId: string;
  /** The provider's reference for the payment. */
  readonly reference: string;
  /** In the currency's minor unit. */
  readonly amountCents: number;
  /** ISO 4217. */
  readonly currency: string;
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
  /**
   * Opens a payment for the order at the provider. Called at least once for each reserved order;
   * idempotent by its id. Settles within the provider's own time limit. After a rejection it must
   * be called again.
   */
  opened(order: OrderView): Promise<void>;
  /**
   * Requests a refund, which is durable at the provider when this resolves. Called at least once;
   * idempotent by `orderId`. Settles within the provider's own time limit. After a rejection it
   * must be called again.
   */
  refund(refund: Refund): Promise<void>;
}
