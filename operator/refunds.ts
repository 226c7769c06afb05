// `livedrops refunds`: lists refunds that the payment provider did not make, has one attempted
// again, or dismisses one.

import { formatAmount } from '../contracts/currencies.ts';
import type { RefundState } from '../contracts/refunds.ts';
import type { OperatorApi } from './api-client.ts';
import type { RefundChange, ParkedRefund } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface RefundsOptions extends ListOptions {
  readonly state?: RefundState;
  readonly limit: number;
}

export interface RefundChangeOptions extends ConnectOptions {
  readonly json?: true;
  readonly dryRun?: true;
}

export async function refunds(options: RefundsOptions): Promise<void> {
  const { state = null, limit } = options;
  await showList(options, (api) => api.refunds(state, limit), refundsText);
}

export async function retryRefund(id: string, options: RefundChangeOptions): Promise<void> {
  await change(options, (api, dryRun) => api.retryRefund(id, dryRun));
}

export async function dismissRefund(
  id: string,
  options: RefundChangeOptions & { readonly reason: string },
): Promise<void> {
  await change(options, (api, dryRun) => api.dismissRefund(id, options.reason, dryRun));
}

async function change(
  options: RefundChangeOptions,
  request: (api: OperatorApi, dryRun: boolean) => Promise<RefundChange>,
): Promise<void> {
  const changed = await request(await connectOperator(options), options.dryRun === true);
  const json = options.json === true;
  process.stdout.write(json ? `${JSON.stringify(changed, null, 2)}\n` : changeText(changed));
}

export function refundsText(rows: readonly ParkedRefund[]): string {
  if (rows.length === 0) return 'No refunds.\n';
  const lines = table(
    ['parked', 'id', 'order', 'amount', 'currency', 'state', 'attempts', 'next attempt', 'reason'],
    rows.map((refund) => [
      refund.parkedAt,
      refund.id,
      refund.orderId,
      formatAmount(refund.amount, refund.currency),
      refund.currency,
      refund.state,
      String(refund.attempts),
      nextAttempt(refund),
      refund.dismissal ?? refund.reason,
    ]),
    ['amount', 'attempts'],
  );
  return `${lines}${count(rows.length, 'refund')}\n`;
}

export function changeText({ applied, refund }: RefundChange): string {
  return `${refund.id} ${applied ? 'is' : 'would be'} ${refund.state}\n`;
}

function nextAttempt({ state, refused, nextAttemptAt }: ParkedRefund): string {
  return nextAttemptAt ?? (state === 'parked' && refused ? 'refused for good' : '-');
}
