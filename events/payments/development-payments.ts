// What the development provider says of the payments of one order. It behaves as it is told, so
// that every way a real provider may go can be tried: declined cards, payments that come too late,
// twice or wrong, and refunds made at the provider's own desk.

import type { OrderView } from '../../contracts/orders.ts';
import {
  PAYMENT_BEHAVIOURS,
  type PaymentBehaviour,
  type PaymentOutcome,
} from '../../contracts/payments.ts';

/** One webhook call. */
export interface PaymentCall {
  readonly outcome: PaymentOutcome;
  readonly reference: string;
  readonly amount: number;
}

/** How long after the end of a hold a late payment comes. */
export const LATE_MS = 1_000;

/** The calls for an order, in their order, where `reference` is the one it was given. */
export function paymentCalls(
  order: OrderView,
  reference: string,
  behaviour: PaymentBehaviour,
): readonly PaymentCall[] {
  const amount = order.totalAmount;
  const succeeded: PaymentCall = { outcome: 'succeeded', reference, amount };
  const failed: PaymentCall = { outcome: 'failed', reference: `${reference}_declined`, amount };
  switch (behaviour) {
    case 'success':
    case 'late':
      return [succeeded];
    case 'failure':
      return [failed];
    case 'failure-then-success':
      return [failed, succeeded];
    case 'cancelled':
      return [{ outcome: 'cancelled', reference, amount }];
    case 'twice':
      return [succeeded, { ...succeeded, reference: `${reference}_again` }];
    case 'wrong-amount':
      return [{ ...succeeded, amount: amount + 1 }];
    case 'refunded':
      return [succeeded, { outcome: 'refunded', reference, amount }];
    case 'partly-refunded':
      return [succeeded, { outcome: 'refunded', reference, amount: Math.floor(amount / 2) }];
  }
}

/**
 * By the last two digits of the amount, for tests: 00 is a success, 01 a failure, and so on in the
 * order of `PAYMENT_BEHAVIOURS`; all others are successes.
 */
export function behaviourByAmount({ totalAmount }: OrderView): PaymentBehaviour {
  return PAYMENT_BEHAVIOURS[totalAmount % 100] ?? 'success';
}
