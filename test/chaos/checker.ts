// Judges a run of the crash test, or of a cluster's: what clients saw against what the journal says. Pure. Each
// finding begins with the rule it breaks and ends with the exchanges that show it.

import { checkDrops } from './check-drops.ts';
import { checkOrders, indexOrders } from './check-orders.ts';
import { checkReaders } from './check-readers.ts';
import { describe, EXACT, type FinalState, type History } from './history.ts';
import type { Truth } from './truth.ts';

export function check(
  history: History,
  truth: Truth,
  final: FinalState,
  tolerance = EXACT,
): string[] {
  return [
    ...truth.findings,
    ...history.oddAnswers.map((where) => `H2: an answer that no rule knows; ${describe(where)}`),
    ...history.lostOrders.map((where) => `O9: an order was not found; ${describe(where)}`),
    ...checkOrders(history, truth, indexOrders(truth), tolerance),
    ...checkDrops(history, truth, tolerance),
    ...checkReaders(history, truth, final, tolerance),
  ];
}
