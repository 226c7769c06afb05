// What a drop does when its creator or an operator refunds an order, as a whole or in part (O12,
// O12a). Never more than was paid: what the provider has refunded at its own desk counts, too.

import type { RefundOrder } from '../contracts/commands.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import type { Refusal } from '../contracts/refusals.ts';
import { aboutOrder, type Decision, isBuyer, mayManage, ordinalIn, refuse } from './decision.ts';
import type { DropState } from './drop-state.ts';
import { PARTIAL_REFUNDS_MAX, refundedOf } from './order-refunds.ts';
import { refusal } from './refusal.ts';

export function decideRefund(state: DropState, command: RefundOrder): Decision | Refusal {
  const ordinal = ordinalIn(state, command.orderId);
  if (ordinal < 0) return refusal('not-found');
  if (!mayManage(state, command.caller)) {
    return refusal(isBuyer(state, ordinal, command.caller.userId) ? 'forbidden' : 'not-found');
  }
  const isWhole = command.amount === undefined && command.quantity === undefined;
  const status = state.orders.status(ordinal);
  if (status === 'refunded' && isWhole) return aboutOrder(ordinal);
  if (status !== 'confirmed') return refuse(state, 'order-not-refundable');
  return isWhole
    ? aboutOrder(ordinal, refundOfRest(state, ordinal, command.restock, command.reason ?? null))
    : decidePart(state, ordinal, command);
}

/**
 * The event that refunds all that is left of a confirmed order. Without details, and where the
 * seller has refunded no part before, it is of feature level 0: a drop that is cancelled has many.
 * `restock` is undefined where the store may be below feature level 3.
 */
export function refundOfRest(
  state: DropState,
  ordinal: number,
  restock: boolean | undefined,
  reason: string | null,
): DropEvent {
  const { amount, quantity, parts } = refundedOf(state, ordinal);
  const isPlain = parts === 0 && restock !== false && reason === null;
  // What was refunded at the provider's desk is no part, and may have been so below level 3.
  if (isPlain && (amount === 0 || restock === undefined))
    return { type: 'order-refunded', ordinal };
  return {
    type: 'order-rest-refunded',
    ordinal,
    amount: state.totalOf(ordinal) - amount,
    quantity: state.orders.quantity(ordinal) - quantity,
    restock: restock ?? true,
    reason,
  };
}

function decidePart(state: DropState, ordinal: number, command: RefundOrder): Decision | Refusal {
  const refunded = refundedOf(state, ordinal);
  const amountLeft = state.totalOf(ordinal) - refunded.amount;
  const unitsLeft = state.orders.quantity(ordinal) - refunded.quantity;
  const { amount = defaultAmount(state, command, amountLeft, unitsLeft) } = command;
  const { quantity = amount === amountLeft ? unitsLeft : 0 } = command;
  if (amount > amountLeft)
    return refuse(state, 'order-not-refundable', `amount: at most ${amountLeft} is left.`);
  if (quantity > unitsLeft)
    return refuse(state, 'order-not-refundable', `quantity: at most ${unitsLeft} is left.`);
  const { restock = true, reason = null } = command;
  if (quantity === 0 && command.restock === true)
    return refusal('invalid-request', 'restock: goes with a quantity.');
  if (amount === amountLeft && quantity === unitsLeft)
    return aboutOrder(ordinal, refundOfRest(state, ordinal, restock, reason));
  const number = refunded.parts + 1;
  if (number > PARTIAL_REFUNDS_MAX) {
    const detail = `An order has at most ${PARTIAL_REFUNDS_MAX} partial refunds.`;
    return refuse(state, 'order-not-refundable', detail);
  }
  const part = { ordinal, amount, quantity, restock, reason, number };
  return aboutOrder(ordinal, { type: 'order-part-refunded', ...part });
}

/** The price of the units, at most what is left: all of it with the last units. */
function defaultAmount(
  state: DropState,
  { quantity = 0 }: RefundOrder,
  amountLeft: number,
  unitsLeft: number,
): number {
  return quantity >= unitsLeft ? amountLeft : Math.min(quantity * state.unitAmount, amountLeft);
}
