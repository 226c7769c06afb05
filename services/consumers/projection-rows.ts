// What the events of the journal become in the read models: rows of drops, of orders, and of kept
// notifications. Pure, and on the path of every order: plain loops, no text made but the rows' own.

import type { RelayBatch, RelayFact } from '../../actors/event-consumer.ts';
import type { DropView, OrderView } from '../../domain/views.ts';
import type { NewNotification } from '../../storage/feed.ts';

/**
 * The latest view of each drop whose row must change. While a drop is live its row is not rewritten
 * for every order: lists overlay the owner's fresh stock (`services/catalogue.ts`). Once it is over
 * the row carries the stock itself, so then every change counts.
 */
export function dropRows(batches: readonly RelayBatch[]): DropView[] {
  const latest = new Map<string, DropView>();
  for (const batch of batches) {
    for (const { event, drop } of batch.facts) {
      if (drop.status === 'live' && event.type.startsWith('order-')) continue;
      latest.set(drop.id, drop);
    }
  }
  return [...latest.values()];
}

/** The orders one batch changed, each after its change or later. */
export function orderRows(batch: RelayBatch): OrderView[] {
  const rows: OrderView[] = [];
  for (const { order } of batch.facts) {
    if (order !== null) rows.push(order);
  }
  return rows;
}

/** What the users concerned are told of one batch, and may read again later (N2). */
export function notificationRows(batch: RelayBatch): NewNotification[] {
  const rows: NewNotification[] = [];
  for (const fact of batch.facts) {
    const { order } = fact;
    if (order === null) continue;
    const type = notificationType(fact, order);
    if (type === null) continue;
    rows.push({
      userId: order.userId,
      type,
      data: notificationData(fact, order),
      createdAt: batch.time,
    });
  }
  return rows;
}

/**
 * The event decides, because the order may have gone on since; only a requested refund is the last
 * an order hears.
 */
function notificationType({ event, drop }: RelayFact, order: OrderView): string | null {
  switch (event.type) {
    case 'order-placed':
      return drop.payment === 'instant' ? 'order.confirmed' : null;
    case 'order-confirmed':
    case 'order-confirmed-late':
      return 'order.confirmed';
    case 'order-failed':
      return 'order.failed';
    case 'order-cancelled':
      return 'order.cancelled';
    case 'order-expired':
      return 'order.expired';
    case 'order-refunded':
      return 'order.refunded';
    case 'refund-requested':
      return order.status === 'cancelled' ? 'order.cancelled' : 'order.failed';
    default:
      return null;
  }
}

function notificationData({ event }: RelayFact, order: OrderView): NewNotification['data'] {
  const { id, dropId, quantity, totalCents, currency } = order;
  return event.type === 'refund-requested'
    ? { orderId: id, dropId, quantity, totalCents, currency, refundRequested: true }
    : { orderId: id, dropId, quantity, totalCents, currency };
}
