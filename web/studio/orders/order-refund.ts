// What is left of an order to refund, and the request that a filled form asks for.

import type { Order, RefundDetails } from '../../../sdk/api.ts';
import { amountOf } from '../../shared/amounts.ts';

export interface Left {
  /** In the minor unit of the order's currency. */
  readonly amount: number;
  readonly units: number;
}

type Refundable = Pick<
  Order,
  'status' | 'totalAmount' | 'quantity' | 'refundedAmount' | 'refundedQuantity' | 'refundRequested'
>;

/** Null: nothing can be refunded. */
export function leftOf(order: Refundable): Left | null {
  if (order.status !== 'confirmed' || order.refundRequested === true) return null;
  return {
    amount: order.totalAmount - (order.refundedAmount ?? 0),
    units: order.quantity - (order.refundedQuantity ?? 0),
  };
}

export interface RefundFields {
  /** As it was typed. */
  readonly amount: string;
  readonly units: number;
  readonly restock: boolean;
  readonly reason: string;
}

/** With what it gives back; null: the amount is none, or more than is left. */
export function refundOf(
  left: Left,
  currency: string,
  { amount: typed, units, restock, reason }: RefundFields,
): { readonly amount: number; readonly body: RefundDetails } | null {
  const amount = left.amount === 0 ? 0 : amountOf(typed, currency);
  if (amount === null || amount > left.amount || (amount === 0 && left.amount > 0)) return null;
  const said = reason.trim() === '' ? {} : { reason: reason.trim() };
  // All of the money takes all units back, and the whole refund names neither.
  if (amount === left.amount) return { amount, body: { ...(!restock && { restock }), ...said } };
  if (units === 0) return { amount, body: { amount, ...said } };
  return { amount, body: { amount, quantity: units, ...(!restock && { restock }), ...said } };
}
