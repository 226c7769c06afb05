// Checks a run of the crash test or of a cluster's chaos test: compares the clients' history with
// the journal. Pure. Each finding starts with the violated rule and ends with the exchanges that
// show it.

import { checkDrops } from './check-drops.ts';
import { checkMoney } from './check-money.ts';
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
  const index = indexOrders(truth);
  return [
    ...truth.findings,
    ...history.unexpectedAnswers.map(
      (where) => `H2: an answer that no rule knows; ${describe(where)}`,
    ),
    ...history.lostOrders.map((where) => `O9: an order was not found; ${describe(where)}`),
    ...checkOrders(history, truth, index, tolerance),
    ...checkMoney(history, truth, index),
    ...checkDrops(history, truth, tolerance),
    ...checkReaders(history, truth, final, tolerance),
  ];
}
