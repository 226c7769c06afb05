// Which refund an event asks of the payment provider, and under which id. The id is derived, so
// that the provider gets a refund once, whoever reads the event and however often.

import { createHash } from 'node:crypto';
import type { Fact } from '../../actors/shard/facts.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { paymentReference } from '../../domain/ids.ts';
import type { Refund } from './payment-provider.ts';

const ID_LENGTH = 24;

/** Of a part of a payment: `number` counts those of the order. Without it of all that is left. */
export function refundId(orderId: string, reference: string, number?: number): string {
  const name = number === undefined ? '' : `\n${number}`;
  const digest = createHash('sha256').update(`${orderId}\n${reference}${name}`).digest('hex');
  return `rf_${digest.slice(0, ID_LENGTH)}`;
}

/**
 * The refund in an event: of a payment that came too late (P4) or did not pay for the order (P2a,
 * P4a), or of an order that was refunded, as a whole or in part. Null where the event asks for
 * none.
 */
export function refundOf({ event }: Fact, order: OrderView): Refund | null {
  const { id: orderId, totalAmount, currency } = order;
  if (event.type === 'payment-rejected') {
    const { reference, amount, currency: paidIn } = event;
    const id = refundId(orderId, reference);
    return { id, orderId, reference, amount, currency: paidIn, reason: null };
  }
  if (event.type === 'order-part-refunded' || event.type === 'order-rest-refunded') {
    const { amount, reason } = event;
    if (amount === 0) return null;
    const reference = order.paymentReference ?? paymentReference(orderId);
    const number = event.type === 'order-part-refunded' ? event.number : undefined;
    const id = refundId(orderId, reference, number);
    return { id, orderId, reference, amount, currency, reason };
  }
  if (event.type !== 'refund-requested' && event.type !== 'order-refunded') return null;
  const named = event.type === 'refund-requested' ? event.reference : order.paymentReference;
  const reference = named ?? paymentReference(orderId);
  const id = refundId(orderId, reference);
  return { id, orderId, reference, amount: totalAmount, currency, reason: null };
}
