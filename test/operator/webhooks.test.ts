// `livedrops webhooks`: operators see the webhooks of all creators, send again, and disable.

import test from 'ava';
import { deliveriesText, webhooksText } from '../../operator/webhooks.ts';
import { messageOf, webhookOf } from '../storage/contract/webhooks.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

test('R3: operators list webhooks and deliveries, send one again, and disable one', async (t) => {
  const { cluster, url } = await startPretendGateway(t, ['node-1']);
  const { webhooks } = cluster;
  const run = (...args: string[]) =>
    runCommand(['webhooks', ...args, '--url', url, '--token', TOKEN]);
  const all = ['ann', 'ben', 'cat'].map((creator) => webhookOf(creator));
  for (const webhook of all) await webhooks.add(webhook, [0]);
  const [webhook] = all;
  const { id } = webhook!;
  const messages = [messageOf('one'), messageOf('two')];
  await webhooks.feed([{ webhookId: id, shard: 0, sequence: 1, messages }]);
  const [listed, deliveries, again, disabled] = [
    await run('--json'),
    await run('deliveries', id),
    await run('resend', id, '1'),
    await run('disable', id),
  ];
  const rows = JSON.parse(listed.stdout) as readonly { readonly id: string }[];
  t.deepEqual(rows.map((row) => row.id).toSorted(), all.map((one) => one.id).toSorted());
  t.false(listed.stdout.includes('whsec_'));
  t.regex(deliveries.stdout, /2 .*waiting[\s\S]*1 .*waiting[\s\S]*2 calls/);
  t.is(again.stdout, 'delivery 1 is sent again\n');
  t.is(disabled.stdout, `${id} is disabled\n`);
  t.like(await webhooks.find(id), { enabled: false, disabledReason: 'operator' });
  t.deepEqual(cluster.woken, [id, id]);
  const [refused, unknown] = [await run('resend', id, '1'), await run('disable', 'wh_00_none')];
  t.regex(refused.stderr, /disabled/);
  t.not(unknown.code, 0);
  t.deepEqual(
    cluster.log.actions.map(({ action, result }) => [action, result.slice(0, 8)]),
    [
      ['resend-delivery', 'Asked fo'],
      ['disable-webhook', 'Asked fo'],
      ['resend-delivery', 'Asked fo'],
      ['resend-delivery', 'Refused:'],
      ['disable-webhook', 'Asked fo'],
      ['disable-webhook', 'Refused:'],
    ],
  );
});

test('R3: nothing is said to be nothing', (t) => {
  t.is(webhooksText([]), 'No webhooks.\n');
  t.is(deliveriesText([]), 'No deliveries.\n');
});
