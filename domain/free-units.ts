// By how much an event changed the free units of its drop, told from the event and its order after
// it. So whoever has facts, and not the drop before them, knows what passed a milestone.

import type { DropEvent } from '../contracts/drop-events.ts';
import type { OrderView } from '../contracts/orders.ts';

/** Units that became free; negative: that were taken. `order`: after the event, null for none. */
export function freedUnits(event: DropEvent, order: OrderView | null): number {
  switch (event.type) {
    case 'drop-restocked':
      return event.units;
    case 'order-placed':
      return -event.quantity;
    case 'order-confirmed-late':
      return -(order?.quantity ?? 0);
    case 'order-part-refunded':
    case 'order-rest-refunded':
      return event.restock ? event.quantity : 0;
    // Of units that the buyer had given back before, the order after it says nothing: they count
    // again where a provider refunds the rest at its own desk.
    case 'order-refunded-at-provider':
    case 'payment-voided':
    case 'order-refunded':
    case 'order-failed':
    case 'order-expired':
    case 'order-cancelled':
      return order?.quantity ?? 0;
    default:
      return 0;
  }
}
