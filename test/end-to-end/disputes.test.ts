// Disputes that the provider tells of: recorded, shown, and never paid back twice.

import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PRICE = 1_000;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

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
    const lines = (await server.lines('/v1/changes', { token })).filter(
      ({ orderId, kind }) => orderId === id && String(kind).includes('disput'),
    );
    t.like(lines, [
      { kind: 'payment-disputed', amount: 600 },
      { kind: 'dispute-closed', outcome: 'lost' },
    ]);
  });

  test('P2a, P7: operators see the wrong and the disputed payments of all drops', async (t) => {
    const creator = server.fresh('creator');
    const token = server.token('olga', 3_600, ['operator']);
    const read = async (query: string, orderId: string) => {
      const path = `/v1/operator/payment-problems?limit=100&${query}`;
      const { json } = await server.get(path, { token });
      return (json['items'] as Record<string, unknown>[]).filter(
        (problem) => problem['orderId'] === orderId,
      );
    };
    const orders: string[] = [];
    for (let i = 0; i < 2; i++) {
      const dropId = await server.drop(creator, { payment: 'provider', unitAmount: PRICE });
      const placed = await server.order(dropId, server.fresh('user'), server.fresh('key'));
      orders.push(String(placed.json['id']));
    }
    const [wrong, disputed] = orders as [string, string];
    const paid = { reference: 'W', amount: 1, currency: 'JPY' };
    await server.webhook('payment.succeeded', wrong, paid);
    await server.webhook('payment.succeeded', disputed, { reference: 'D' });
    await server.webhook('payment.disputed', disputed, { reference: 'D' });
    const open = await eventually(
      () => Promise.all([read('open=true', wrong), read('open=true', disputed)]),
      (found) => found.every(({ length }) => length === 1),
    );
    t.like(open[0][0], { kind: 'rejected', ...paid, orderAmount: PRICE, reason: 'wrong-amount' });
    t.like(open[1][0], { kind: 'disputed', amount: PRICE, currency: 'EUR', outcome: null });

    await server.webhook('payment.refunded', wrong, paid);
    await server.webhook('payment.dispute_closed', disputed, { reference: 'D', outcome: 'won' });
    const ended = await eventually(
      () => Promise.all([read('open=false', wrong), read('open=false', disputed)]),
      (found) => found.every(({ length }) => length === 1),
    );
    t.like(ended[0][0], { kind: 'rejected', outcome: 'refunded' });
    t.like(ended[1][0], { kind: 'disputed', outcome: 'won' });
    t.deepEqual(await read('open=true&kind=disputed', disputed), []);
    const metrics = await eventually(
      async () => (await server.get('/metrics')).text,
      (text) => /livedrops_payment_problems\{kind="rejected",open="false"\} [1-9]/.test(text),
    );
    t.regex(metrics, /livedrops_payment_problems\{kind="voided",open="true"\} 0/);
    const path = '/v1/operator/payment-problems';
    t.is((await server.get(path, { as: creator })).status, 403);
  });
});
