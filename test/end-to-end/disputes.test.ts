// Disputes that the provider tells of: recorded, shown, and never paid back twice.

import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

const PRICE = 1_000;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server.stop());

  test('P7: a dispute is shown to buyer and seller, and a lost one counts as refunded', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', unitAmount: PRICE });
    const user = server.fresh('user');
    const place = async () =>
      String((await server.order(dropId, user, server.fresh('key'))).json['id']);
    const [id, other] = [await place(), await place()];
    for (const order of [id, other])
      await server.webhook('payment.succeeded', order, { reference: `A_${order}` });
    const about = { reference: `A_${id}`, amount: 600, currency: 'EUR' };
    t.is((await server.webhook('payment.disputed', other, about)).status, 404, 'not its payment');
    t.is((await server.webhook('payment.disputed', id, about)).status, 200);
    const payments = async (as: string) =>
      (await server.get(`/v1/orders/${id}/payments`, { as })).json;
    for (const reader of [user, creator]) {
      const { items } = await payments(reader);
      const dispute = { status: 'open', amount: 600, currency: 'EUR' };
      t.like(items, [{ status: 'succeeded', refundedAmount: 0, dispute }]);
    }
    t.like(await server.readOrder(id, user), { status: 'confirmed' });
    const listed = async (query: string) =>
      (await server.get(`/v1/drops/${dropId}/orders?${query}`, { as: creator })).json['items'];
    t.like(await listed('disputed=true'), [{ id }]);
    t.is(((await listed('disputed=false')) as object[]).length, 2);

    t.is((await server.webhook('payment.dispute_closed', id, about)).status, 422, 'without an end');
    const lost = { ...about, outcome: 'lost' };
    t.is((await server.webhook('payment.dispute_closed', id, lost)).status, 200);
    t.like((await payments(creator))['items'], [
      { refundedAmount: 600, dispute: { status: 'lost' } },
    ]);
    const refund = (amount: number) =>
      server.post(`/v1/orders/${id}/refund`, { as: creator, body: { amount } });
    t.is((await refund(401)).json['code'], 'order-not-refundable');
    t.like((await refund(300)).json, { status: 'confirmed', refundedAmount: 900 });
    t.like(await server.readDrop(dropId), { sold: 2 });

    const token = server.token('olga', 3_600, ['operator']);
    const headers = { authorization: `Bearer ${token}` };
    const text = await (await fetch(`${server.nextUrl()}/v1/changes`, { headers })).text();
    const lines = text
      .split('\n')
      .filter((line) => line.includes(id) && line.includes('disput'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    t.like(lines, [
      { kind: 'payment-disputed', amount: 600 },
      { kind: 'dispute-closed', outcome: 'lost' },
    ]);
  });
});
