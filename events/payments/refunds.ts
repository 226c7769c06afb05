// Which refund an event asks of the payment provider, and under which id. The id is derived, so
// that the provider gets a refund once, whoever reads the event and however often.

import { createHash } from 'node:crypto';
import type { Fact } from '../../actors/shard/facts.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { paymentReference } from '../../domain/ids.ts';
import type { Refund } from './payment-provider.ts';

const ID_LENGTH = 24;

/** Of the refund that leaves nothing of a payment: there is one. */
export function refundId(orderId: string, reference: string): string {
  const digest = createHash('sha256').update(`${orderId}\n${reference}`).digest('hex');
  return `rf_${digest.slice(0, ID_LENGTH)}`;
}

/**
 * The refund in an event: of a payment that came too late (P4) or did not pay for the order (P2a,
 * P4a), or of an order that was refunded. Null where the event asks for none.
 */
export function refundOf({ event }: Fact, order: OrderView): Refund | null {
  const { id: orderId, totalAmount, currency } = order;
  if (event.type === 'payment-rejected') {
    const { reference, amount, currency: paidIn } = event;
    const id = refundId(orderId, reference);
    return { id, orderId, reference, amount, currency: paidIn, reason: null };
  }
  if (event.type !== 'refund-requested' && event.type !== 'order-refunded') return null;
  const named = event.type === 'refund-requested' ? event.reference : order.paymentReference;
  const reference = named ?? paymentReference(orderId);
  const id = refundId(orderId, reference);
  return { id, orderId, reference, amount: totalAmount, currency, reason: null };
}
