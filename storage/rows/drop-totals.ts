// The totals of a drop's orders, for reconciliation with the drop's own counts.

import type { OrderStatus } from '../../contracts/orders.ts';

export interface DropTotals {
  orders: number;
  heldUnits: number;
  soldUnits: number;
}

export function emptyTotals(): DropTotals {
  return { orders: 0, heldUnits: 0, soldUnits: 0 };
}

export function addToTotals(totals: DropTotals, status: OrderStatus, quantity: number): void {
  totals.orders += 1;
  if (status === 'reserved') totals.heldUnits += quantity;
  if (status === 'confirmed') totals.soldUnits += quantity;
}
