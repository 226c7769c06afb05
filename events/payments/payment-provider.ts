// The payment provider port. Only references pass through it, never card data (P1). A provider
// tells of payments by calling the webhook (`services/payments.ts`); this port is the other
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
   * The reference under which the order is to be paid: a pure function of its id, because the order
   * path calls nobody. Drivers keep to `paymentReference` in `domain/ids.ts`, which is what the
   * drop's actor shows.
   */
  reference(orderId: string): string;
  /**
   * Tells the provider that the order waits for payment. Called at least once for each reserved
   * order; idempotent by its id. Settles within the provider's own time limit; a rejection means it
   * is to be called again.
   */
  opened(order: OrderView): Promise<void>;
  /**
   * Asks for the payment back: durable at the provider when it resolves. Called at least once;
   * idempotent by `orderId`. Settles within the provider's own time limit; a rejection means it is
   * to be called again.
   */
  refund(refund: Refund): Promise<void>;
}
