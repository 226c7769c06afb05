// `livedrops refunds`: its tables, its pages, and wrong arguments.

import test from 'ava';
import type { ParkedRefund } from '../../sdk/api.ts';
import { changeText, refundsText } from '../../operator/refunds.ts';
import { parkedRefund } from '../events/payments/parked-refunds.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const TIME = '2027-01-15T08:00:00.000Z';

function refundInfo(change: Partial<ParkedRefund> = {}): ParkedRefund {
  const { revision: _, ...refund } = parkedRefund();
  const times = { firstAttemptAt: TIME, lastAttemptAt: TIME, parkedAt: TIME, nextAttemptAt: null };
  return { ...refund, ...times, ...change };
}

test('P6: refunds print as a table with their reasons and next attempts', (t) => {
  t.is(refundsText([]), 'No refunds.\n');
  const rows = [
    refundInfo(),
    refundInfo({ refused: false, nextAttemptAt: TIME, reason: 'no answer' }),
    refundInfo({ state: 'dismissed', dismissal: 'Paid back by hand.' }),
  ];
  const [headings, ...lines] = refundsText(rows).split('\n');
  t.regex(
    headings!,
    /^parked +id +order +amount +currency +state +attempts +next attempt +reason$/,
  );
  const { id } = refundInfo();
  t.deepEqual(
    lines.map((text) => text.replaceAll(/ +/g, ' ')),
    [
      `${TIME} ${id} d_1-0 25.00 EUR parked 1 refused for good The card was closed.`,
      `${TIME} ${id} d_1-0 25.00 EUR parked 1 ${TIME} no answer`,
      `${TIME} ${id} d_1-0 25.00 EUR dismissed 1 - Paid back by hand.`,
      '3 refunds',
      '',
    ],
  );
  t.is(changeText({ applied: false, refund: refundInfo() }), `${id} would be parked\n`);
});

test('P6: the list follows its pages up to --limit, and wrong arguments exit with 2', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  for (let i = 0; i < 130; i++) {
    const id = `rf_${String(i).padStart(24, '0')}`;
    await gateway.cluster.parkedRefunds.park(parkedRefund({ id, parkedAt: i }));
  }
  t.is((await gateway.api.refunds(null, 1_000)).length, 130);
  t.is((await gateway.api.refunds('parked', 120)).length, 120);
  t.is((await gateway.api.refunds('done', 120)).length, 0);
  const at = ['--url', gateway.url, '--token', TOKEN];
  const [json, unknown, unreasoned] = await Promise.all([
    runCommand(['refunds', '--limit', '2', '--json', ...at]),
    runCommand(['refunds', 'retry', 'x', ...at]),
    runCommand(['refunds', 'dismiss', `rf_${'0'.repeat(24)}`, ...at]),
  ]);
  t.deepEqual([json.code, unknown.code, unreasoned.code], [0, 2, 2]);
  t.is((JSON.parse(json.stdout) as unknown[]).length, 2);
  t.deepEqual(gateway.cluster.log.actions, []);
});
