// Refunds of parts of an order. The provider refuses all refunds, so that the operators' list shows
// which ones were asked for.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PRICE = 500;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_PAYMENT_REFUNDS_AS: 'refused' });
  });
  test.after.always(() => server?.stop());

  async function bought(terms: object = {}) {
    const creator = server.fresh('creator');
    const about = { payment: 'provider', stock: 3, limitPerUser: 3, unitAmount: PRICE };
    const dropId = await server.drop(creator, { ...about, ...terms });
    const user = server.fresh('user');
    const { json } = await server.order(dropId, user, server.fresh('key'), 3);
    const id = String(json['id']);
    await server.webhook('payment.succeeded', id, { reference: `A_${id}` });
    const refund = (body?: object, as = creator) =>
      server.post(`/v1/orders/${id}/refund`, { as, ...(body && { body }) });
    return { creator, dropId, user, id, refund };
  }

  async function payments(orderId: string, as: string) {
    return (await server.get(`/v1/orders/${orderId}/payments`, { as })).json;
  }

  /** The refunds of the order that the provider was asked for, once there are so many. */
  async function askedFor(orderId: string, count: number) {
    const token = server.token('olga', 3_600, ['operator']);
    const read = async () => {
      const { json } = await server.get('/v1/operator/refunds?limit=100', { token });
      const items = json['items'] as Record<string, unknown>[];
      return items.filter((refund) => refund['orderId'] === orderId).toReversed();
    };
    return await eventually(read, (items) => items.length >= count);
  }

  test('O12a: units go back on sale or not, and each part is asked for once', async (t) => {
    const { creator, dropId, user, id, refund } = await bought();
    const live = await LiveClient.listen(t, server, user);
    live.send({ type: 'subscribe', topic: `drop:${dropId}` });
    await live.next(({ type }) => type === 'drop.snapshot');
    const reason = 'Eine war zerbrochen 💔';
    const first = await refund({ quantity: 1, reason });
    t.is(first.status, 200);
    const part = { status: 'confirmed', refundedAmount: PRICE, refundedQuantity: 1 };
    t.like(first.json, part);
    t.like(await server.readDrop(dropId), { stocked: 3, sold: 2, free: 1 });
    const frame = await live.next(({ type }) => type === 'drop.back_in_stock');
    t.like(frame, { dropId, data: { free: 1 } });
    const told = await live.next(
      ({ type, data }) =>
        type === 'notification' &&
        (data as Record<string, unknown>)['type'] === 'order.partially_refunded',
    );
    t.like(told['data'], { orderId: id, refundedAmount: PRICE, refundedQuantity: 1 });

    const second = await refund({ quantity: 1, restock: false });
    t.like(second.json, { status: 'confirmed', refundedAmount: 2 * PRICE, refundedQuantity: 2 });
    t.like(await server.readDrop(dropId), { stocked: 2, sold: 1, free: 1 });
    t.like(await server.readOrder(id, user), { refundedAmount: 2 * PRICE, refundedQuantity: 2 });
    const listed = await eventually(
      async () => (await server.listAll('/v1/orders', user))[0]!,
      (order) => order['refundedQuantity'] === 2,
    );
    t.like(listed, { id, status: 'confirmed', refundedAmount: 2 * PRICE });

    for (const reader of [user, creator]) {
      const { items, refunds } = await payments(id, reader);
      t.like(items, [{ status: 'succeeded', refundedAmount: 2 * PRICE }]);
      const shown = refunds as Record<string, unknown>[];
      t.like(shown[0], { number: 1, amount: PRICE, quantity: 1, restocked: true, reason });
      t.like(shown[1], { number: 2, amount: PRICE, quantity: 1, restocked: false });
      t.false('reason' in shown[1]!);
      t.true(shown.every(({ createdAt }) => Date.parse(String(createdAt)) > 0));
    }
    const asked = await askedFor(id, 2);
    const each = { reference: `A_${id}`, amount: PRICE, currency: 'EUR' };
    t.like(asked, [
      { ...each, refundReason: reason },
      { ...each, refundReason: null },
    ]);
    t.is(new Set(asked.map((one) => one['id'])).size, 2);
  });

  test('O12a: the rest makes it refunded; what is too much changes nothing', async (t) => {
    const { dropId, user, id, refund } = await bought();
    t.is((await refund({ amount: 200 })).status, 200);
    const tooMuch = await refund({ amount: 1_301 });
    t.deepEqual([tooMuch.status, tooMuch.json['code']], [409, 'order-not-refundable']);
    t.is(tooMuch.json['detail'], 'amount: at most 1300 is left.');
    t.is((await refund({ amount: 1 }, user)).status, 403);
    t.is((await refund({ amount: 1 }, server.fresh('stranger'))).status, 404);
    t.is((await refund({ amount: 0 })).status, 422);
    t.is((await refund({ amount: 1, restock: true })).status, 422);
    t.like(await server.readDrop(dropId), { stocked: 3, sold: 3, free: 0 });
    t.like((await refund()).json, { status: 'refunded', refundedAmount: 3 * PRICE });
    t.like((await refund()).json, { status: 'refunded' }, 'twice is a success');
    t.like(await server.readDrop(dropId), { stocked: 3, sold: 0, free: 3 });
    t.like(await askedFor(id, 2), [{ amount: 200 }, { amount: 1_300 }]);
    const { items } = await eventually(
      async () => (await server.get('/v1/notifications', { as: user })).json,
      (feed) => (feed['items'] as unknown[]).length >= 3,
    );
    t.like(items, [
      { type: 'order.refunded', data: { refundedAmount: 3 * PRICE } },
      { type: 'order.partially_refunded', data: { refundedAmount: 200 } },
      { type: 'order.confirmed' },
    ]);
  });

  test('O12a, H11: a part with a key is refunded once', async (t) => {
    const { id, user, creator } = await bought();
    const headers = { 'idempotency-key': 'part' };
    const again = () =>
      server.post(`/v1/orders/${id}/refund`, { as: creator, headers, body: { amount: 100 } });
    const [first, second] = [await again(), await again()];
    t.is(second.headers.get('idempotency-replayed'), 'true');
    t.is(second.text, first.text);
    t.like(await server.readOrder(id, user), { refundedAmount: 100 });
  });

  test('O12a: a drop that is called off refunds what is left of each order', async (t) => {
    const { creator, dropId, user, id, refund } = await bought();
    await refund({ amount: 1_200, quantity: 2, restock: false });
    await server.post(`/v1/drops/${dropId}/cancel`, { as: creator });
    const order = await eventually(
      () => server.readOrder(id, user),
      ({ status }) => status === 'refunded',
    );
    t.like(order, { refundedAmount: 3 * PRICE, refundedQuantity: 3 });
    const asked = await askedFor(id, 2);
    t.deepEqual(new Set(asked.map(({ amount }) => amount)), new Set([1_200, 300]));
  });

  test('O12a: in the outside stream a part has its amount, units and reason', async (t) => {
    const { dropId, refund } = await bought({ payment: 'instant' });
    await refund({ quantity: 1, restock: false, reason: 'Kept a scratch.' });
    await refund();
    const token = server.token('olga', 3_600, ['operator']);
    const lines = (await server.lines('/v1/changes', { token })).filter(
      ({ dropId: of, kind }) => of === dropId && String(kind).endsWith('-refunded'),
    );
    t.like(lines, [
      { kind: 'order-part-refunded', amount: PRICE, quantity: 1, reason: 'Kept a scratch.' },
      { kind: 'order-rest-refunded', amount: 2 * PRICE, quantity: 2, restock: true, reason: null },
    ]);
  });
});
