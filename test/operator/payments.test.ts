// `livedrops payments`: its table, its filters, its pages.

import test from 'ava';
import type { PaymentProblem } from '../../sdk/api.ts';
import { paymentsText } from '../../operator/payments.ts';
import { paymentProblem } from '../events/payments/payment-problems.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const TIME = '2027-01-15T08:00:00.000Z';

function problemInfo(change: Partial<PaymentProblem> = {}): PaymentProblem {
  return { ...paymentProblem(), openedAt: TIME, closedAt: null, ...change };
}

test('P2a, P7: payments to look at print as a table with their states', (t) => {
  t.is(paymentsText([]), 'No payments to look at.\n');
  const rows = [
    problemInfo(),
    problemInfo({ kind: 'disputed', open: false, outcome: 'lost', reason: null }),
    problemInfo({ kind: 'voided', open: false, reason: null }),
  ];
  const [headings, ...lines] = paymentsText(rows).split('\n');
  t.regex(headings!, /^opened +kind +order +reference +amount +currency +order amount +state$/);
  t.deepEqual(
    lines.map((text) => text.replaceAll(/ +/g, ' ')),
    [
      `${TIME} rejected d_1-0 ref 1 JPY 25.00 EUR open (wrong-amount)`,
      `${TIME} disputed d_1-0 ref 1 JPY 25.00 EUR lost`,
      `${TIME} voided d_1-0 ref 1 JPY 25.00 EUR closed`,
      '3 payments',
      '',
    ],
  );
});

test('P2a, P7: the list follows its pages, by kind and by open', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  const rows = Array.from({ length: 130 }, (_, i) => {
    const kind = i < 10 ? ('disputed' as const) : ('voided' as const);
    const problem = paymentProblem({ id: `pp_${i}`, kind, open: i < 5, openedAt: i });
    return { type: 'opened' as const, problem };
  });
  await gateway.cluster.paymentProblems.store([{ shard: 0, sequence: 1, rows }]);
  t.is((await gateway.api.paymentProblems({}, 1_000)).length, 130);
  t.is((await gateway.api.paymentProblems({}, 120)).length, 120);
  const at = ['--url', gateway.url, '--token', TOKEN];
  const [disputed, open, unknown] = await Promise.all([
    runCommand(['payments', '--kind', 'disputed', '--limit', '7', '--json', ...at]),
    runCommand(['payments', '--open', '--json', ...at]),
    runCommand(['payments', '--kind', 'lost', ...at]),
  ]);
  t.deepEqual([disputed.code, open.code, unknown.code], [0, 0, 2]);
  t.is((JSON.parse(disputed.stdout) as unknown[]).length, 7);
  t.is((JSON.parse(open.stdout) as unknown[]).length, 5);
});
