// Who has a mail when a webhook is called no more.

import test from 'ava';
import { WebhookNotice } from '../../../app/webhooks/webhook-notice.ts';
import { webhookOf } from '../../storage/contract/webhooks.ts';

test('R3: the creator has a mail, of an organisation its owners, once for each time', async (t) => {
  const members = [
    { userId: 'olga', role: 'owner' },
    { userId: 'max', role: 'manager' },
    { userId: 'gone', role: 'owner' },
  ];
  const sent: unknown[] = [];
  const notice = new WebhookNotice({
    accounts: {
      findUser: async (id: string) => (['ann', 'olga', 'max'].includes(id) ? { id } : null),
    } as never,
    organisations: { find: async (id: string) => (id === 'team' ? { members } : null) } as never,
    mail: {
      send: async ({ id }: { id: string }, purpose: string, { linkId }: { linkId: string }) =>
        void sent.push([id, purpose, linkId]),
    } as never,
  });
  const [own, ofTeam] = [webhookOf('ann', { generation: 3 }), webhookOf('team')];
  await notice.send(own);
  await notice.send(ofTeam);
  t.deepEqual(sent, [
    ['ann', 'webhook-disabled', `l_${own.id}_3`],
    ['olga', 'webhook-disabled', `l_${ofTeam.id}_1`],
  ]);
});
