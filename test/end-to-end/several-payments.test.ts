// Orders with more than one payment: declined, paid twice, paid wrong, refunded at the provider.
// The provider refuses all refunds, so that the operators' list shows which ones were asked for.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PRICE = 19_900;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_PAYMENT_REFUNDS_AS: 'refused' });
  });
  test.after.always(() => server?.stop());

  async function reserved(terms: object = {}) {
    const creator = server.fresh('creator');
    const about = { payment: 'provider', holdSeconds: 60, stock: 1, unitAmount: PRICE };
    const dropId = await server.drop(creator, { ...about, ...terms });
    const user = server.fresh('user');
    const { json } = await server.order(dropId, user, server.fresh('key'));
    return { creator, dropId, user, id: String(json['id']), order: json };
  }

  async function payments(orderId: string, as: string) {
    return await server.get(`/v1/orders/${orderId}/payments`, { as });
  }

  /** The refunds of the order that the provider was asked for, once there are so many. */
  async function refundsOf(orderId: string, count: number) {
    const token = server.token('olga', 3_600, ['operator']);
    const read = async () => {
      const { json } = await server.get('/v1/operator/refunds?limit=100', { token });
      const items = json['items'] as Record<string, unknown>[];
      return items.filter((refund) => refund['orderId'] === orderId);
    };
    return await eventually(read, (items) => items.length >= count);
  }

  test('P4a: a second payment of a confirmed order is refunded by its own reference', async (t) => {
    const { id, user, creator } = await reserved();
    const paid = { amount: PRICE, currency: 'EUR' };
    for (const reference of ['A', 'B', 'A', 'B'])
      t.is((await server.webhook('payment.succeeded', id, { ...paid, reference })).status, 200);
    t.like(await server.readOrder(id, user), {
      status: 'confirmed',
      payment: { provider: 'development', reference: 'A' },
    });
    const refunds = await refundsOf(id, 1);
    t.is(refunds.length, 1);
    t.like(refunds[0], { reference: 'B', ...paid });
    for (const reader of [user, creator]) {
      const { json } = await payments(id, reader);
      t.deepEqual(json['items'], [
        { reference: 'A', status: 'succeeded', ...paid, refundedAmount: 0 },
        { reference: 'B', status: 'refunding', ...paid, refundedAmount: 0 },
      ]);
    }
    t.is((await payments(id, server.fresh('stranger'))).status, 404);
  });

  test('P2a: 1 JPY for an order of 199.00 EUR confirms nothing and is refunded', async (t) => {
    const { id, user, dropId } = await reserved();
    const wrong = { amount: 1, currency: 'JPY', reference: 'wrong' };
    t.is((await server.webhook('payment.succeeded', id, wrong)).status, 200);
    t.is((await server.readOrder(id, user))['status'], 'reserved');
    t.like(await server.readDrop(dropId), { held: 1, sold: 0 });
    t.like((await refundsOf(id, 1))[0], wrong);
    const metrics = await eventually(
      async () => (await server.get('/metrics')).text,
      (text) => /livedrops_payments_rejected_total\{reason="wrong-amount"\} [1-9]/.test(text),
    );
    t.regex(metrics, /livedrops_payments_rejected_total\{reason="order-settled"\}/);
    const right = { amount: PRICE, currency: 'EUR', reference: 'right' };
    t.is((await server.webhook('payment.succeeded', id, right)).status, 200);
    t.like(await server.readOrder(id, user), { status: 'confirmed' });
  });

  test('P3a: a declined card keeps the unit, the buyer is told, a second card buys it', async (t) => {
    const { id, user, dropId } = await reserved();
    const live = await LiveClient.listen(t, server, user);
    t.is((await server.webhook('payment.failed', id, { reference: 'first' })).status, 200);
    const frame = await live.next(({ type }) => type === 'order.payment_failed');
    t.like(frame, { orderId: id, dropId, data: { reference: 'first' } });
    const other = await server.order(dropId, 'ben', server.fresh('key'));
    t.is(other.json['code'], 'sold-out');
    t.is((await server.webhook('payment.succeeded', id, { reference: 'second' })).status, 200);
    t.like(await server.readOrder(id, user), {
      status: 'confirmed',
      payment: { provider: 'development', reference: 'second' },
    });
    const { json } = await payments(id, user);
    const shown = (json['items'] as Record<string, unknown>[]).map(({ status }) => status);
    t.deepEqual(shown, ['succeeded', 'failed']);
  });

  test('P3a: a refund at the provider: in part it is recorded, in full it frees the units', async (t) => {
    const { id, user, dropId } = await reserved();
    await server.webhook('payment.succeeded', id, { reference: 'A' });
    await server.webhook('payment.refunded', id, { reference: 'A', amount: 900, currency: 'EUR' });
    t.is((await server.readOrder(id, user))['status'], 'confirmed');
    t.like((await payments(id, user)).json, {
      items: [{ status: 'succeeded', refundedAmount: 900 }],
    });
    await server.webhook('payment.refunded', id, { reference: 'A' });
    const order = await server.readOrder(id, user);
    t.is(order['status'], 'refunded');
    t.is(order['refundRequested'], undefined);
    t.like(await server.readDrop(dropId), { held: 0, sold: 0, free: 1 });
    t.deepEqual(await refundsOf(id, 0), []);
  });

  test('P5: an order that costs nothing is confirmed at once', async (t) => {
    const { order, id, user, dropId } = await reserved({ unitAmount: 0 });
    t.is(order['status'], 'confirmed');
    t.is(order['payment'], undefined);
    t.like(await server.readDrop(dropId), { held: 0, sold: 1 });
    t.deepEqual((await payments(id, user)).json, { items: [], refunds: [] });
  });
});
