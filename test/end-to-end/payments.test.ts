// Orders that a provider pays: holds, signed webhook calls, payments that come too late.

import { journeyOnEachProfile } from './profiles.ts';
import { eventually, PAYMENT_SECRETS } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const HOLD_SECONDS = 1;

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  function providerDrop(terms: object = {}): Promise<string> {
    const payment = { payment: 'provider', holdSeconds: 60 };
    return server.drop(server.fresh('creator'), { ...payment, ...terms });
  }

  async function reserved(dropId: string, userId: string, quantity = 1): Promise<string> {
    return String((await server.order(dropId, userId, server.fresh('key'), quantity)).json['id']);
  }

  /** The order, once it is not reserved any more. */
  function ended(orderId: string, userId: string) {
    return eventually(
      () => server.readOrder(orderId, userId),
      ({ status }) => status !== 'reserved',
    );
  }

  test('O7, P1: a reserved order holds its units and carries a reference to pay by', async (t) => {
    const dropId = await providerDrop();
    const { json } = await server.order(dropId, 'ann', 'k', 2);
    t.is(json['status'], 'reserved');
    const { provider, reference } = json['payment'] as { provider: string; reference: string };
    t.true(provider !== '' && reference !== '');
    const holdMs =
      Date.parse(String(json['holdExpiresAt'])) - Date.parse(String(json['createdAt']));
    t.is(holdMs, 60_000);
    t.like(await server.readDrop(dropId), { held: 2, sold: 0, free: 8 });
  });

  test('P3, P3a: success confirms; a cancelled payment fails and frees the units', async (t) => {
    const dropId = await providerDrop();
    const paid = await reserved(dropId, 'ann', 2);
    const refused = await reserved(dropId, 'ben', 3);
    t.is((await server.webhook('payment.succeeded', paid)).status, 200);
    t.is((await server.webhook('payment.cancelled', refused)).status, 200);
    t.is((await server.readOrder(paid, 'ann'))['status'], 'confirmed');
    t.is((await server.readOrder(refused, 'ben'))['status'], 'failed');
    t.like(await server.readDrop(dropId), { held: 0, sold: 2, free: 8 });
  });

  test('P1, P3: the buyer alone has the development provider settle a payment', async (t) => {
    const dropId = await providerDrop();
    const id = await reserved(dropId, 'ann', 2);
    const path = `/v1/orders/${id}/development-payment`;
    const settle = (as: string | null, outcome: string) =>
      server.post(path, { body: { outcome }, ...(as !== null && { as }) });
    t.is((await settle(null, 'success')).status, 401);
    t.is((await settle('ben', 'success')).status, 404);
    t.is((await settle('ann', 'steal')).json['code'], 'invalid-request');
    t.is((await settle('ann', 'failure')).status, 202);
    // The hold stays, and another attempt may succeed.
    const payments = await eventually(
      async () => (await server.get(`/v1/orders/${id}/payments`, { as: 'ann' })).json['items'],
      (items) => (items as { status: string }[]).some(({ status }) => status === 'failed'),
    );
    t.truthy(payments);
    t.is((await server.readOrder(id, 'ann'))['status'], 'reserved');
    await eventually(
      () => settle('ann', 'success'),
      ({ status }) => status === 202,
    );
    t.is((await ended(id, 'ann'))['status'], 'confirmed');
    t.is((await settle('ann', 'success')).json['code'], 'order-not-payable');
  });

  test('P2: a call that is not signed, or not now, is 401 and changes nothing', async (t) => {
    const dropId = await providerDrop();
    const id = await reserved(dropId, 'ann');
    const foreign = `whsec_${Buffer.from('a secret of somebody else').toString('base64')}`;
    const minutes = 60_000;
    for (const wrong of [
      { secret: foreign },
      { time: Date.now() - 6 * minutes },
      { time: Date.now() + 6 * minutes },
    ]) {
      const { status, json } = await server.webhook('payment.succeeded', id, wrong);
      t.deepEqual([status, json['code']], [401, 'unauthenticated']);
    }
    const body = JSON.stringify({
      type: 'payment.succeeded',
      data: { orderId: id, reference: 'r' },
    });
    t.is((await server.post('/v1/payments/webhook', { body })).status, 401);
    t.is((await server.readOrder(id, 'ann'))['status'], 'reserved');
    const old = { time: Date.now() - 4 * minutes };
    t.is((await server.webhook('payment.succeeded', id, old)).status, 200);
  });

  test('P2: each of two secrets is good, so that they can be rotated', async (t) => {
    const dropId = await providerDrop();
    for (const secret of PAYMENT_SECRETS) {
      const user = server.fresh('user');
      const id = await reserved(dropId, user);
      t.is((await server.webhook('payment.succeeded', id, { secret })).status, 200);
      t.is((await server.readOrder(id, user))['status'], 'confirmed');
    }
    t.is((await server.readDrop(dropId))['sold'], 2);
  });

  test('P2: a repeated webhook-id is 200 and changes nothing', async (t) => {
    const dropId = await providerDrop();
    const [one, two] = [await reserved(dropId, 'ann'), await reserved(dropId, 'ben')];
    t.is((await server.webhook('payment.succeeded', one, { id: 'msg_same' })).status, 200);
    t.is((await server.readOrder(one, 'ann'))['status'], 'confirmed');
    const { version } = await server.readDrop(dropId);
    t.is((await server.webhook('payment.succeeded', one, { id: 'msg_same' })).status, 200);
    t.is((await server.webhook('payment.failed', two, { id: 'msg_same' })).status, 200);
    t.is((await server.readOrder(two, 'ben'))['status'], 'reserved');
    t.is((await server.readDrop(dropId))['version'], version);
  });

  test('P3: the same payment under many webhook ids at once counts once', async (t) => {
    const dropId = await providerDrop();
    const id = await reserved(dropId, 'ann');
    const calls = Array.from({ length: 10 }, () => server.webhook('payment.succeeded', id));
    t.true((await Promise.all(calls)).every(({ status }) => status === 200));
    t.is((await server.readOrder(id, 'ann'))['status'], 'confirmed');
    t.like(await server.readDrop(dropId), { held: 0, sold: 1, version: 4 });
  });

  test('P3: payments of orders that are not there are 404', async (t) => {
    const dropId = await providerDrop();
    for (const id of ['x', `${dropId}-5`, 'd_none-0']) {
      t.is((await server.webhook('payment.succeeded', id)).status, 404, id);
    }
  });

  test('O11, S5: a hold ends at its deadline, not before, and frees its units', async (t) => {
    const dropId = await providerDrop({ stock: 1, holdSeconds: HOLD_SECONDS });
    const { json } = await server.order(dropId, 'ann', 'k');
    const deadline = Date.parse(String(json['holdExpiresAt']));
    t.is((await server.order(dropId, 'ben', 'k')).json['code'], 'sold-out');
    let polledAt = 0;
    const order = await eventually(
      () => {
        polledAt = Date.now();
        return server.readOrder(String(json['id']), 'ann');
      },
      ({ status }) => status !== 'reserved',
    );
    const seenAt = Date.now();
    t.is(order['status'], 'expired');
    t.true(seenAt >= deadline, 'not before the deadline');
    t.true(polledAt - deadline < 1000, `${polledAt - deadline} ms after the deadline`);
    t.is((await server.order(dropId, 'ben', 'k')).status, 201);
  });

  test('P4: a late success takes the units again where they are free', async (t) => {
    const dropId = await providerDrop({ stock: 2, holdSeconds: HOLD_SECONDS });
    const id = await reserved(dropId, 'ann', 2);
    t.is((await ended(id, 'ann'))['status'], 'expired');
    t.is((await server.webhook('payment.succeeded', id)).status, 200);
    t.is((await server.readOrder(id, 'ann'))['status'], 'confirmed');
    t.like(await server.readDrop(dropId), { held: 0, sold: 2, free: 0 });
  });

  test('P4: a late success without free units is failed, and its refund asked for', async (t) => {
    const dropId = await providerDrop({ stock: 2, holdSeconds: HOLD_SECONDS });
    const late = await reserved(dropId, 'ann', 2);
    await ended(late, 'ann');
    const next = await reserved(dropId, 'ben', 2);
    await server.webhook('payment.succeeded', next);
    t.is((await server.webhook('payment.succeeded', late)).status, 200);
    t.like(await server.readOrder(late, 'ann'), { status: 'failed', refundRequested: true });
    t.like(await server.readDrop(dropId), { held: 0, sold: 2, free: 0 });
  });

  test('O12: the buyer may cancel a reserved order, which frees its units at once', async (t) => {
    const dropId = await providerDrop({ stock: 1 });
    const id = await reserved(dropId, 'ann');
    const cancel = (as: string) => server.post(`/v1/orders/${id}/cancel`, { as });
    t.is((await cancel('ben')).status, 404);
    for (let i = 0; i < 2; i++) {
      const { status, json } = await cancel('ann');
      t.deepEqual([status, json['status']], [200, 'cancelled']);
    }
    const next = await reserved(dropId, 'ben');
    await server.webhook('payment.succeeded', next);
    const confirmed = await server.post(`/v1/orders/${next}/cancel`, { as: 'ben' });
    t.deepEqual([confirmed.status, confirmed.json['code']], [409, 'order-not-cancellable']);
    // Paid after the cancellation: never paid without an order or a refund.
    await server.webhook('payment.succeeded', id);
    t.like(await server.readOrder(id, 'ann'), { status: 'cancelled', refundRequested: true });
  });

  test('O12: cancelling an order whose hold has ended is 409 hold-expired', async (t) => {
    const dropId = await providerDrop({ holdSeconds: HOLD_SECONDS });
    const id = await reserved(dropId, 'ann');
    await ended(id, 'ann');
    const { status, json } = await server.post(`/v1/orders/${id}/cancel`, { as: 'ann' });
    t.deepEqual([status, json['code']], [409, 'hold-expired']);
  });
});
