// Turns events of the journal into rows of the read models: rows of drops, and changes of orders
// with their notifications. Pure, and on the path of every order: plain loops, and no text is
// built.

import type { Fact, FactBatch } from '../../actors/shard/facts.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { OrderChange } from '../../storage/ports/read-models.ts';
import type { OrderNotificationType } from '../../contracts/notifications.ts';

/**
 * The latest view of each drop whose row must change. Until a drop is over its row is not rewritten
 * for each order: lists overlay the owner's fresh stock (`services/catalogue.ts`). Once it is over
 * the row carries the stock itself, so every change counts.
 */
export function dropRows(batches: readonly FactBatch[]): DropView[] {
  const latest = new Map<string, Fact>();
  for (const batch of batches) {
    for (const fact of batch.facts) {
      const { order, terms } = fact;
      if (order !== null && (terms.status === 'live' || terms.status === 'upcoming')) continue;
      latest.set(terms.id, fact);
    }
  }
  return Array.from(latest.values(), ({ drop }) => drop);
}

/** The changes of orders in one batch, each with its order as it stood after the change. */
export function orderChanges(batch: FactBatch): OrderChange[] {
  const changes: OrderChange[] = [];
  for (const fact of batch.facts) {
    const { event, order } = fact;
    if (order === null) continue;
    const refundRequested = event.type === 'refund-requested';
    changes.push({ order, notificationType: notificationType(fact, order), refundRequested });
  }
  return changes;
}

function notificationType({ event, terms }: Fact, order: OrderView): OrderNotificationType | null {
  switch (event.type) {
    case 'order-placed':
      return terms.payment === 'instant' ? 'order.confirmed' : null;
    case 'order-confirmed':
    case 'order-confirmed-late':
      return 'order.confirmed';
    case 'order-failed':
    case 'payment-voided':
      return 'order.failed';
    case 'order-cancelled':
      return 'order.cancelled';
    case 'order-expired':
      return 'order.expired';
    case 'order-part-refunded':
      return 'order.partially_refunded';
    case 'order-refunded':
    case 'order-rest-refunded':
    case 'order-refunded-at-provider':
      return 'order.refunded';
    case 'refund-requested':
      return order.status === 'cancelled' ? 'order.cancelled' : 'order.failed';
    default:
      return null;
  }
}
