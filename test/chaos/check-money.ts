// Compares payments with orders: every payment ends in an order or a refund, no order is refunded
// and kept, and none is given away.

import type { OrderIndex } from './check-orders.ts';
import { describe, type History } from './history.ts';
import type { TrueOrder, Truth } from './truth.ts';

export function checkMoney(history: History, truth: Truth, index: OrderIndex): string[] {
  const findings = checkSettlements(history, index);
  const paid = new Set(
    history.settlements.filter(({ succeeded }) => succeeded).map(({ orderId }) => orderId),
  );
  for (const { terms, orders } of truth.drops.values()) {
    for (const order of orders) {
      findings.push(...checkSteps(order));
      const given = terms.payment === 'provider' && !paid.has(order.id) && wasConfirmed(order);
      if (given) findings.push(`P4: ${order.id} was confirmed, and nobody reported a payment`);
    }
  }
  return findings;
}

function wasConfirmed({ steps }: TrueOrder): boolean {
  return steps.some(({ status }) => status === 'confirmed');
}

/** An accepted webhook call must have had its effect, and keep it (P3, P4). */
function checkSettlements(history: History, { byId }: OrderIndex): string[] {
  const findings: string[] = [];
  for (const { where, orderId, succeeded } of history.settlements) {
    if (where.status !== 200) continue;
    const last = byId.get(orderId)?.steps.at(-1);
    const status = last?.status ?? 'nowhere';
    const done = succeeded
      ? status === 'confirmed' || last?.refundRequested === true || status === 'refunded'
      : last !== undefined && status !== 'reserved';
    if (done) continue;
    findings.push(`P3: the payment was taken, and ${orderId} is ${status}; ${describe(where)}`);
  }
  return findings;
}

/** A refund is the end of an order, and an order whose money goes back is not the buyer's. */
function checkSteps({ id, steps }: TrueOrder): string[] {
  const findings: string[] = [];
  for (const [i, { version, status, refundRequested }] of steps.entries()) {
    if (refundRequested && (status === 'confirmed' || status === 'reserved')) {
      findings.push(`P4: ${id} is ${status} at version ${version}, and its payment is refunded`);
    }
    if (steps[i - 1]?.status === 'refunded') {
      findings.push(`O12: ${id} is ${status} at version ${version}, after it was refunded`);
    }
  }
  return findings;
}
