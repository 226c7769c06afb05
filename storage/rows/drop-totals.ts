// The totals of a drop's orders, for reconciliation with the drop's own counts.

import type { OrderStatus, OrderView } from '../../contracts/orders.ts';

export interface DropTotals {
  orders: number;
  heldUnits: number;
  soldUnits: number;
}

export function emptyTotals(): DropTotals {
  return { orders: 0, heldUnits: 0, soldUnits: 0 };
}

/** Of each drop. */
export function emptyTotalsOf(dropIds: readonly string[]): Map<string, DropTotals> {
  return new Map(dropIds.map((dropId) => [dropId, emptyTotals()]));
}

export function addToTotals(totals: DropTotals, status: OrderStatus, units: number): void {
  totals.orders += 1;
  if (status === 'reserved') totals.heldUnits += units;
  if (status === 'confirmed') totals.soldUnits += units;
}

/** Without those that the buyer gave back. */
export function unitsOf({ quantity, refundedQuantity = 0 }: OrderView): number {
  return quantity - refundedQuantity;
}
