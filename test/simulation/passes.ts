// The passes that buyers of a history show (D9), and what the rules say of their use, by adding up
// the orders that were placed with them.

import type { ProvedPass } from '../../contracts/passes.ts';
import { passNumber } from '../../domain/pass.ts';
import type { ModelOrder } from './drop-model.ts';

interface SimulatedPass {
  readonly units: number;
  readonly singleUse: boolean;
  readonly proved: ProvedPass;
}

/** Few, so that several buyers show the same one through several nodes. */
export const PASSES: readonly SimulatedPass[] = [
  passOf(1, 1, false),
  passOf(2, 1, true),
  passOf(3, 3, false),
  passOf(4, 2, true),
  passOf(5, 4, false),
  passOf(6, 1, true),
];

function passOf(serial: number, units: number, singleUse: boolean): SimulatedPass {
  return {
    units,
    singleUse,
    proved: { number: passNumber({ serial, units, singleUse }), from: 0 },
  };
}

/** What the orders with a pass break; null where they break nothing. */
export function passFinding(orders: readonly ModelOrder[], number: number): string | null {
  const { units, singleUse } = passWith(number);
  const placed = orders.filter(({ pass }) => pass === number);
  if (singleUse && placed.length > 1) return `D9: ${placed.length} orders have pass ${number}`;
  const used = unitsOf(placed);
  return used > units ? `D9: ${used} units have pass ${number}, which is for ${units}` : null;
}

/** Whether the pass does not allow so many units more. */
export function isUsed(orders: readonly ModelOrder[], number: number, quantity: number): boolean {
  const { units, singleUse } = passWith(number);
  const placed = orders.filter(({ pass }) => pass === number);
  return (singleUse && placed.length > 0) || unitsOf(placed) + quantity > units;
}

function passWith(number: number): SimulatedPass {
  return PASSES.find(({ proved }) => proved.number === number)!;
}

/** Held or bought, without those that the buyer gave back. */
function unitsOf(orders: readonly ModelOrder[]): number {
  const counting = orders.filter(({ status }) => status === 'reserved' || status === 'confirmed');
  return counting.reduce((sum, order) => sum + order.quantity - order.refundedQuantity, 0);
}
