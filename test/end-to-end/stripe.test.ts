// Payments by Stripe against a stand-in of its API, which sends its events twice, in another order,
// and some of them before its own answers.

import { Stripe } from 'stripe';
import { type StandInFault, StripeStandIn } from '../../operator/stripe-stand-in/stand-in.ts';
import { LiveClient } from './live-client.ts';
import { journeyOnEachProfile } from './profiles.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PRICE = 19_900;
const SECRET_KEY = 'sk_test_end_to_end';
const PUBLISHABLE_KEY = 'pk_test_end_to_end';
const WEBHOOK_SECRET = 'whsec_end_to_end';
const WEBHOOK = '/v1/payments/stripe/webhook';

journeyOnEachProfile((test, profile) => {
  let server: SaleServer | null = null;
  let standIn: StripeStandIn;
  let api: string;
  /** What goes wrong with calls whose path ends so. */
  const faults = new Map<string, StandInFault>();

  test.before(async () => {
    let turn = 0;
    const random = () => (turn++ * 0.618) % 1;
    standIn = new StripeStandIn({
      port: 0,
      secretKey: SECRET_KEY,
      publishableKey: PUBLISHABLE_KEY,
      webhookSecret: WEBHOOK_SECRET,
      webhookUrl: () => (server === null ? null : server.nextUrl() + WEBHOOK),
      hostile: true,
      random,
      eventsFirst: () => random() < 0.5,
      fault: (_method, path) => faults.get(path.split('/').at(-1)!) ?? 'none',
    });
    api = await standIn.start();
    server = await SaleServer.start(profile, {
      LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
      LIVEDROPS_STRIPE_SECRET_KEY: SECRET_KEY,
      LIVEDROPS_STRIPE_PUBLISHABLE_KEY: PUBLISHABLE_KEY,
      LIVEDROPS_STRIPE_WEBHOOK_SECRET: `whsec_next ${WEBHOOK_SECRET}`,
      LIVEDROPS_STRIPE_API: api,
      LIVEDROPS_STRIPE_CALLS_PER_SECOND: '500',
    });
  });
  test.after.always(async () => {
    await standIn?.stop();
    await server?.stop();
  });

  async function reserved(terms: object = {}) {
    const creator = server!.fresh('creator');
    const about = { payment: 'provider', holdSeconds: 60, stock: 1, unitAmount: PRICE };
    const dropId = await server!.drop(creator, { ...about, ...terms });
    const user = server!.fresh('user');
    const { json } = await server!.order(dropId, user, server!.fresh('key'));
    return { creator, dropId, user, id: String(json['id']), order: json };
  }

  /** What the buyer needs to pay, once it is ready. */
  async function ready({ id, user }: { id: string; user: string }): Promise<Json> {
    const read = async () => (await server!.get(`/v1/orders/${id}/payment`, { as: user })).json;
    return await eventually(read, ({ status }) => status === 'ready');
  }

  /** The buyer's device pays. */
  async function pay({ reference, clientSecret, publishableKey }: Json, method = 'pm_card_visa') {
    const response = await fetch(`${api}/v1/payment_intents/${String(reference)}/confirm`, {
      method: 'POST',
      headers: { authorization: `Bearer ${String(publishableKey)}` },
      body: new URLSearchParams({ client_secret: String(clientSecret), payment_method: method }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  async function orderOnce(id: string, user: string, status: string): Promise<Json> {
    return await eventually(
      () => server!.readOrder(id, user),
      (order) => order['status'] === status,
    );
  }

  const intentOf = ({ reference }: Json) => standIn.account.intents.get(String(reference))!;
  const intentOnce = (payment: Json, status: string) =>
    eventually(
      async () => intentOf(payment),
      (intent) => intent.status === status,
    );

  test('R5: declined once, paid by a second card, and captured', async (t) => {
    const { id, user, dropId, creator, order } = await reserved();
    t.deepEqual(order['payment'], {
      provider: 'stripe',
      reference: `pay_${id}`,
      status: 'preparing',
    });
    const live = await LiveClient.listen(t, server!, user);
    const payment = await ready({ id, user });
    t.like(payment, { provider: 'stripe', publishableKey: PUBLISHABLE_KEY });
    t.is(payment['clientSecret'], intentOf(payment).client_secret);
    t.like(await server!.readOrder(id, user), {
      status: 'reserved',
      holdExpiresAt: payment['holdExpiresAt'],
      payment: { provider: 'stripe', reference: payment['reference'], status: 'ready' },
    });
    t.is(await pay(payment, 'pm_card_chargeDeclined'), 402);
    const failed = await live.next(({ type }) => type === 'order.payment_failed');
    t.like(failed, { orderId: id, dropId });
    t.is((await server!.readOrder(id, user))['status'], 'reserved');
    t.is(await pay(payment), 200);
    t.like(await orderOnce(id, user, 'confirmed'), {
      payment: { provider: 'stripe', reference: payment['reference'] },
    });
    t.like(await intentOnce(payment, 'succeeded'), { amount_received: PRICE });
    const { json } = await server!.get(`/v1/orders/${id}/payments`, { as: creator });
    const shown = (json['items'] as Json[]).map(({ status }) => status);
    t.deepEqual(shown, ['succeeded', 'failed']);
    const after = await server!.get(`/v1/orders/${id}/payment`, { as: user });
    t.is(after.json['code'], 'order-not-payable');
  });

  test('R5: the buyer hears that the payment is ready, and until when the hold lasts', async (t) => {
    faults.set('payment_intents', 'away');
    const { id, user, dropId, order } = await reserved();
    const live = await LiveClient.listen(t, server!, user);
    const { json } = await server!.get(`/v1/orders/${id}/payment`, { as: user });
    t.like(json, { status: 'preparing', holdExpiresAt: order['holdExpiresAt'] });
    t.true(Date.parse(String(json['readyAt'])) > 0);
    faults.delete('payment_intents');
    const frame = await live.next(({ type }) => type === 'order.payment_ready');
    const payment = await ready({ id, user });
    const { reference, holdExpiresAt } = payment;
    t.like(frame, { orderId: id, dropId, data: { reference, holdExpiresAt } });
    t.true(Date.parse(String(holdExpiresAt)) < Date.parse(String(order['holdExpiresAt'])));
    t.false(JSON.stringify(live.frames).includes(String(payment['clientSecret'])));
  });

  test('R5: nobody but the buyer gets the secret, and it is in no stream', async (t) => {
    const { id, user, creator } = await reserved();
    const payment = await ready({ id, user });
    const secret = String(payment['clientSecret']);
    t.true(secret.length > 20);
    for (const as of [creator, server!.fresh('stranger')])
      t.is((await server!.get(`/v1/orders/${id}/payment`, { as })).status, 404);
    t.is((await server!.get(`/v1/orders/${id}/payment`)).status, 401);
    const own = await server!.get(`/v1/orders/${id}/payment`, { as: user });
    t.is(own.headers.get('cache-control'), 'no-store');
    const token = server!.token('olga', 3_600, ['operator']);
    const { text } = await server!.get('/v1/changes', { token });
    t.regex(text, /"kind":"payment-prepared"/);
    t.false(text.includes(secret));
    t.false((await server!.get('/v1/orders', { as: user })).text.includes(secret));
  });

  test('R5: a hold that is cancelled or ends lets its payment go, and nothing is paid', async (t) => {
    const cancelled = await reserved();
    const payment = await ready(cancelled);
    const path = `/v1/orders/${cancelled.id}/cancel`;
    t.is((await server!.post(path, { as: cancelled.user })).status, 200);
    await intentOnce(payment, 'canceled');
    t.not(await pay(payment), 200);
    const expired = await reserved({ holdSeconds: 1 });
    const other = await ready(expired);
    await orderOnce(expired.id, expired.user, 'expired');
    await intentOnce(other, 'canceled');
    t.like(await server!.readDrop(expired.dropId), { held: 0, sold: 0 });
    t.is(intentOf(other).amount_received, 0);
  });

  test('R5, O12: a seller’s refund reaches Stripe once', async (t) => {
    const sale = await reserved();
    const payment = await ready(sale);
    await pay(payment);
    await orderOnce(sale.id, sale.user, 'confirmed');
    await intentOnce(payment, 'succeeded');
    const path = `/v1/orders/${sale.id}/refund`;
    for (let i = 0; i < 2; i++) t.is((await server!.post(path, { as: sale.creator })).status, 200);
    const refunds = async () =>
      [...standIn.account.refunds.values()].filter(
        ({ payment_intent: intent }) => intent === payment['reference'],
      );
    t.like(await eventually(refunds, ({ length }) => length > 0), [{ amount: PRICE }]);
    const payments = async () =>
      (await server!.get(`/v1/orders/${sale.id}/payments`, { as: sale.user })).json;
    const told = await eventually(
      payments,
      ({ items }) => (items as Json[])[0]!['refundedAmount'] === PRICE,
    );
    t.like(told['items'], [{ reference: payment['reference'], status: 'refunded' }]);
    t.is((await refunds()).length, 1);
  });

  test('R5, P7: a dispute is shown to the seller, and how it ends', async (t) => {
    const sale = await reserved();
    const payment = await ready(sale);
    await pay(payment, 'pm_card_createDispute');
    await orderOnce(sale.id, sale.user, 'confirmed');
    const payments = async () => {
      const { json } = await server!.get(`/v1/orders/${sale.id}/payments`, { as: sale.creator });
      return (json['items'] as Json[])[0]!['dispute'] as Json | undefined;
    };
    const open = await eventually(payments, (dispute) => dispute !== undefined);
    t.like(open, { status: 'open', amount: PRICE, currency: 'EUR' });
    const [id] = [...standIn.account.disputes.values()]
      .filter(({ payment_intent: intent }) => intent === payment['reference'])
      .map((dispute) => dispute.id);
    standIn.account.closeDispute(id!, 'lost');
    standIn.tell();
    const closed = await eventually(payments, (dispute) => dispute?.['status'] === 'lost');
    t.like(closed, { status: 'lost', amount: PRICE });
    t.is((await server!.readOrder(sale.id, sale.user))['status'], 'confirmed');
  });

  test('R5: an order whose authorised payment is void fails, and its unit is free', async (t) => {
    const sale = await reserved();
    const payment = await ready(sale);
    faults.set('capture', 'away');
    await pay(payment);
    await orderOnce(sale.id, sale.user, 'confirmed');
    standIn.account.voidIntent(String(payment['reference']));
    standIn.tell();
    faults.delete('capture');
    await orderOnce(sale.id, sale.user, 'failed');
    t.like(
      await server!.inAMoment(
        () => server!.readDrop(sale.dropId),
        ({ free }) => free === 1,
      ),
      { held: 0, sold: 0, free: 1 },
    );
  });

  test('R5: what Stripe will never charge fails its order at once', async (t) => {
    const { id, user, dropId } = await reserved({ unitAmount: 1 });
    await orderOnce(id, user, 'failed');
    t.like(
      await server!.inAMoment(
        () => server!.readDrop(dropId),
        ({ free }) => free === 1,
      ),
      { free: 1 },
    );
  });

  test('R5: forged events change nothing, and one that is untrue sells nothing', async (t) => {
    const { id, user } = await reserved();
    const { reference } = await ready({ id, user });
    const object = { ...standIn.account.intents.get(String(reference))!, amount_received: PRICE };
    const payload = JSON.stringify({
      id: 'evt_forged',
      type: 'payment_intent.succeeded',
      data: { object },
    });
    const timestamp = Math.floor(Date.now() / 1_000);
    const sign = (secret: string) =>
      Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
    for (const signature of ['', 't=1,v1=x', sign('whsec_other')]) {
      const headers = { 'stripe-signature': signature };
      const { status } = await server!.post(WEBHOOK, { headers, body: payload });
      t.is(status, 401);
    }
    t.is((await server!.webhook('payment.succeeded', id)).status, 401);
    t.is((await server!.readOrder(id, user))['status'], 'reserved');
    const headers = { 'stripe-signature': sign(WEBHOOK_SECRET) };
    const broken = await server!.post(WEBHOOK, { headers, body: payload.replace('evt', 'evx') });
    t.is(broken.status, 401);
    t.is((await server!.post(WEBHOOK, { headers, body: payload })).status, 200);
    // Stripe captures nothing.
    t.is((await orderOnce(id, user, 'failed'))['status'], 'failed');
  });

  test('R5, H8: signed events that make no sense are problems, and change nothing', async (t) => {
    const { id, user } = await reserved();
    const { reference } = await ready({ id, user });
    const intent = standIn.account.intents.get(String(reference))!;
    const send = async (body: string) => {
      const timestamp = Math.floor(Date.now() / 1_000);
      const signed = { payload: body, secret: WEBHOOK_SECRET, timestamp };
      const signature = Stripe.webhooks.generateTestHeaderString(signed);
      return await server!.post(WEBHOOK, { headers: { 'stripe-signature': signature }, body });
    };
    const event = (type: string, object: unknown) =>
      JSON.stringify({ id: server!.fresh('evt_'), type, data: { object } });
    const succeeded = 'payment_intent.succeeded';
    for (const body of [
      'null',
      '[]',
      '{',
      '{"id":"evt"}',
      event(succeeded, null),
      event(succeeded, {}),
      event(succeeded, { ...intent, amount_received: -1 }),
      event(succeeded, { ...intent, amount_received: 1e300 }),
      event(succeeded, { ...intent, currency: '' }),
      event(succeeded, { ...intent, id: 'x'.repeat(256) }),
      event(succeeded, { ...intent, metadata: { orderId: '__proto__' } }),
      event(succeeded, { ...intent, metadata: { orderId: `${id}0` } }),
      event('charge.refunded', { ...intent, captured: 1 }),
      event('refund.failed', { amount: 'x' }),
    ]) {
      const { status, json, text } = await send(body);
      t.true(status === 404 || status === 422, `${body.slice(0, 80)}: ${status} ${text}`);
      t.is(json['status'], status);
    }
    t.is((await send(event('customer.created', { id: 'cus_1' }))).status, 200);
    t.is((await send(event(succeeded, { ...intent, metadata: {} }))).status, 200);
    t.is((await server!.readOrder(id, user))['status'], 'reserved');
  });

  test('R5: an order that costs nothing needs no payment', async (t) => {
    const { order } = await reserved({ unitAmount: 0 });
    t.is(order['status'], 'confirmed');
  });
});
