// `livedrops payments`: lists the payments of all drops that operators must look at.

import { formatAmount } from '../contracts/currencies.ts';
import type { ProblemKind } from '../contracts/payment-problems.ts';
import type { PaymentProblem } from '../sdk/api.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface PaymentsOptions extends ListOptions {
  readonly kind?: ProblemKind;
  readonly open?: true;
  readonly limit: number;
}

export async function payments(options: PaymentsOptions): Promise<void> {
  const { kind, open, limit } = options;
  const filter = { ...(kind !== undefined && { kind }), ...(open !== undefined && { open }) };
  await showList(options, (api) => api.paymentProblems(filter, limit), paymentsText);
}

export function paymentsText(rows: readonly PaymentProblem[]): string {
  if (rows.length === 0) return 'No payments to look at.\n';
  const lines = table(
    ['opened', 'kind', 'order', 'reference', 'amount', 'currency', 'order amount', 'state'],
    rows.map((problem) => [
      problem.openedAt,
      problem.kind,
      problem.orderId,
      problem.reference,
      formatAmount(problem.amount, problem.currency),
      problem.currency,
      `${formatAmount(problem.orderAmount, problem.orderCurrency)} ${problem.orderCurrency}`,
      stateOf(problem),
    ]),
    ['amount', 'order amount'],
  );
  return `${lines}${count(rows.length, 'payment')}\n`;
}

function stateOf({ open, outcome, reason }: PaymentProblem): string {
  const state = open ? 'open' : (outcome ?? 'closed');
  return reason === null ? state : `${state} (${reason})`;
}
