// Refunds that the provider refuses: parked, an alarm (X7), shown to operators, attempted again,
// dismissed, and recorded.

import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_PAYMENT_REFUNDS_AS: 'refused' });
  });
  test.after.always(() => server?.stop());

  async function refunds(query = ''): Promise<Record<string, unknown>[]> {
    const token = server.token('olga', 3_600, ['operator']);
    const { json } = await server.get(`/v1/operator/refunds${query}`, { token });
    return json['items'] as Record<string, unknown>[];
  }

  test('P6: a refused refund is shown, attempted again, and dismissed', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', holdSeconds: 60 });
    const order = await server.order(dropId, 'ann', server.fresh('key'), 2);
    const orderId = String(order.json['id']);
    await server.webhook('payment.succeeded', orderId);
    t.is((await server.post(`/v1/orders/${orderId}/refund`, { as: creator })).status, 200);

    const [parked] = await eventually(
      () => refunds('?state=parked'),
      (items) => items.length > 0,
    );
    t.like(parked, {
      orderId,
      dropId,
      creatorId: creator,
      state: 'parked',
      refused: true,
      attempts: 1,
    });
    t.is(parked!['reason'], 'The card cannot be refunded.');

    const operator = server.token('olga', 3_600, ['operator']);
    const alarms = async (token: string) => await server.get('/v1/operator/alarms', { token });
    // A machine that is busy has alarms of its own.
    const { nodes, alarm } = await eventually(
      async () => {
        const { json } = await alarms(server.token('eve', 3_600, ['auditor']));
        const all = json['alarms'] as readonly Record<string, unknown>[];
        const found = all.find(({ name }) => name === 'refunds-parked');
        return { nodes: json['nodes'] as readonly string[], alarm: found };
      },
      (told) => told.alarm !== undefined,
    );
    t.is(nodes.length, profile === 'cluster' ? 2 : 1);
    t.like(alarm, { value: 1, limit: 0, nodes: [], severity: 'ticket' });
    t.is((await alarms(server.token('ann'))).status, 403);

    const change = (path: string, body: object) =>
      server.post(`/v1/operator/refunds/${String(parked!['id'])}/${path}`, {
        token: operator,
        body,
      });
    const retried = await change('retry', {});
    t.like(retried.json, { applied: true, refund: { state: 'retrying' } });
    const [again] = await eventually(
      () => refunds('?state=parked'),
      ([refund]) => refund?.['attempts'] === 2,
    );
    t.is(again!['id'], parked!['id']);

    const audited = await server.get(`/v1/operator/audit?target=${String(parked!['id'])}`, {
      token: operator,
    });
    const entries = audited.json['items'] as readonly Record<string, unknown>[];
    t.deepEqual(
      entries.map(({ action, outcome }) => [action, outcome]),
      [
        ['attempt-refund', 'refused'],
        ['retry-refund', 'planned'],
        ['park-refund', 'done'],
      ],
    );
    t.like(entries[0], { actor: { kind: 'system', id: 'system' }, creatorId: creator });
    const bySystem = await server.get('/v1/operator/audit?actor=system', { token: operator });
    t.is((bySystem.json['items'] as unknown[]).length, 2);

    t.is((await change('dismiss', { reason: 'Paid back by hand.' })).status, 200);
    t.like((await refunds())[0], { state: 'dismissed', dismissal: 'Paid back by hand.' });
    t.deepEqual(await refunds('?state=parked'), []);
  });
});
