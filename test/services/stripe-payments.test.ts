// Stripe's webhook and what a buyer needs to pay, through the broker.

import test, { type ExecutionContext } from 'ava';
import { Stripe } from 'stripe';
import { refusal, success } from '../../domain/refusal.ts';
import type { Requester } from '../../contracts/accounts.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { ACCEPTED, type PaymentProvider } from '../../events/payments/payment-provider.ts';
import { StripeEvents } from '../../events/payments/stripe/stripe-events.ts';
import { signWebhook } from '../../events/payments/webhook-signature.ts';
import { paymentsService } from '../../services/payments.ts';
import { FIRST_PAGE, dropView, NOW, orderView, RecordingLog, startServices } from './harness.ts';

const SECRET = 'whsec_in_force';
const INTENT = {
  id: 'pi_1',
  status: 'succeeded',
  amount: 250_000,
  amount_capturable: 0,
  amount_received: 250_000,
  currency: 'isk',
  metadata: { orderId: 'd_1-0' },
};

async function start(t: ExecutionContext) {
  const secrets = new Map([['pi_1', 'pi_1_secret_x']]);
  const asked: string[] = [];
  const provider: PaymentProvider = {
    name: 'stripe',
    reference: (orderId) => `pay_${orderId}`,
    opened: async () => ACCEPTED,
    refund: async () => ACCEPTED,
    prepared: {
      paceMs: 80,
      turn: async () => undefined,
      prepare: async () => ({ ok: true, reference: 'pi_1' }),
      capture: async () => ACCEPTED,
      release: async () => ACCEPTED,
      async orderOf(reference) {
        if (reference === 'pi_away') throw new Error('Stripe is away');
        return reference === 'pi_1' ? 'd_1-0' : null;
      },
      async secretOf(reference) {
        asked.push(reference);
        if (reference === 'pi_away') throw new Error('Stripe is away');
        return secrets.get(reference) ?? null;
      },
    },
  };
  const log = new RecordingLog();
  const harness = await startServices(t, ({ stores, router, clock, levels }) => [
    paymentsService({
      ...stores,
      router,
      levels,
      secrets: [],
      stripe: new StripeEvents({ secrets: [SECRET] }),
      providerDigits: new Map([['ISK', 2]]),
      provider,
      publishableKey: 'pk_test_x',
      clock,
      log,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    }),
  ]);
  harness.router.answer = () => success(orderView({ status: 'confirmed' }));
  return { ...harness, log, asked };
}

function event(id: string, type: string, object: object) {
  const payload = JSON.stringify({ id, type, data: { object } });
  const timestamp = NOW / 1_000;
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: SECRET,
    timestamp,
  });
  return { signature, body: Buffer.from(payload) };
}

test('R5: Stripe’s event reaches the order once, in the unit of ISO 4217', async (t) => {
  const { call, router } = await start(t);
  const succeeded = event('evt_1', 'payment_intent.succeeded', INTENT);
  for (let i = 0; i < 2; i++)
    t.deepEqual(await call('payments.stripeWebhook', succeeded), success(null));
  const about = { dropId: 'd_1', orderId: 'd_1-0', reference: 'pi_1' };
  const paid = { outcome: 'succeeded', amount: 2_500, currency: 'ISK' };
  t.deepEqual(router.commands, [{ type: 'record-payment', ...about, ...paid }]);
  const other = event('evt_2', 'payment_intent.succeeded', { ...INTENT, amount_received: 250_001 });
  t.like(await call('payments.stripeWebhook', other), { ok: false, code: 'invalid-request' });
});

test('R5: an event that failed to reach its order is told again, and then taken', async (t) => {
  const { call, router } = await start(t);
  const cancelled = event('evt_1', 'payment_intent.canceled', { ...INTENT, status: 'canceled' });
  router.answer = () => refusal('unavailable');
  t.deepEqual(await call('payments.stripeWebhook', cancelled), refusal('unavailable'));
  router.answer = () => success(orderView({ status: 'failed' }));
  t.deepEqual(await call('payments.stripeWebhook', cancelled), success(null));
  t.like(router.commands.at(-1), { outcome: 'voided', amount: null, reference: 'pi_1' });
  t.is(router.commands.length, 2);
});

test('R5: a forged call, a malformed one and an order that is not there are refused', async (t) => {
  const { call } = await start(t);
  const good = event('evt_1', 'payment_intent.succeeded', INTENT);
  const forged = { ...good, signature: `${good.signature}0` };
  t.deepEqual(await call('payments.stripeWebhook', forged), refusal('unauthenticated'));
  const malformed = event('evt_1', 'payment_intent.succeeded', {});
  t.like(await call('payments.stripeWebhook', malformed), { code: 'invalid-request' });
  const strange = event('evt_1', 'payment_intent.succeeded', {
    ...INTENT,
    metadata: { orderId: 'no order' },
  });
  t.deepEqual(await call('payments.stripeWebhook', strange), refusal('not-found'));
});

test('R5: with Stripe no standard webhook is valid, whoever signed it', async (t) => {
  const { call } = await start(t);
  const secret = Buffer.from('the secret of the directory').toString('base64');
  const body = '{"type":"payment.succeeded","data":{"orderId":"d_1-0","reference":"pay_d_1-0"}}';
  const signed = { secret, id: 'm', timestamp: NOW / 1_000, body };
  const params = { id: 'm', timestamp: String(NOW / 1_000), signature: signWebhook(signed) };
  const answer = await call('payments.webhook', { ...params, body: Buffer.from(body) });
  t.deepEqual(answer, refusal('unauthenticated'));
});

test('R5, P6: a refund that failed at Stripe later is parked for operators', async (t) => {
  const { call, router, stores } = await start(t);
  router.answer = () => success(dropView());
  const refund = {
    amount: 100_000,
    currency: 'isk',
    metadata: { orderId: 'd_1-0', refundId: 'rf_0123456789abcdef01234567' },
    payment_intent: 'pi_1',
    failure_reason: 'lost_or_stolen_card',
  };
  const failed = event('evt_1', 'refund.failed', refund);
  t.deepEqual(await call('payments.stripeWebhook', failed), success(null));
  const { items } = await stores.parkedRefunds.list('parked', FIRST_PAGE);
  t.like(items, [
    {
      id: 'rf_0123456789abcdef01234567',
      orderId: 'd_1-0',
      creatorId: 'u_creator',
      reference: 'pi_1',
      amount: 1_000,
      currency: 'ISK',
      refused: true,
      reason: 'lost_or_stolen_card',
      nextAttemptAt: null,
    },
  ]);
});

test('R5, P7: Stripe’s disputes reach the order whose payment they are about', async (t) => {
  const { call, router } = await start(t);
  const about = { amount: 250_000, currency: 'isk', payment_intent: 'pi_1' };
  const created = event('evt_1', 'charge.dispute.created', { ...about, status: 'needs_response' });
  t.deepEqual(await call('payments.stripeWebhook', created), success(null));
  const closed = event('evt_2', 'charge.dispute.closed', { ...about, status: 'lost' });
  t.deepEqual(await call('payments.stripeWebhook', closed), success(null));
  const record = { type: 'record-payment', dropId: 'd_1', orderId: 'd_1-0', reference: 'pi_1' };
  const disputed = { ...record, amount: 2_500, currency: 'ISK' };
  t.deepEqual(router.commands, [
    { ...disputed, outcome: 'disputed' },
    { ...disputed, outcome: 'dispute-lost' },
  ] as never);
  const other = event('evt_3', 'charge.dispute.created', {
    ...about,
    payment_intent: 'pi_other',
    status: 'needs_response',
  });
  t.deepEqual(await call('payments.stripeWebhook', other), success(null));
  const away = event('evt_4', 'charge.dispute.created', {
    ...about,
    payment_intent: 'pi_away',
    status: 'needs_response',
  });
  t.deepEqual(await call('payments.stripeWebhook', away), refusal('unavailable'));
  t.is(router.commands.length, 2);
});

test('R5: a buyer gets the secret of an own payment that is ready, and nobody else', async (t) => {
  const { call, router, asked } = await start(t);
  const caller: Requester = { userId: 'u_buyer', roles: [] };
  const orders: Partial<OrderView>[] = [];
  router.answer = (command) => {
    if (command.type === 'get-order-payments')
      return success({ items: [], refunds: [], readyInMs: 4_000 });
    if (command.type !== 'get-order' || command.userId !== 'u_buyer') return refusal('not-found');
    return success(orderView(orders.shift()));
  };
  const ask = (order: Partial<OrderView>, as = caller) => {
    orders.push(order);
    return call('payments.ofBuyer', { caller: as, orderId: 'd_1-0' });
  };
  const about = { provider: 'stripe', holdExpiresAt: NOW + 60_000, publishableKey: 'pk_test_x' };
  t.deepEqual(
    await ask({}),
    success({
      ...about,
      reference: 'pay_d_1-0',
      status: 'preparing',
      readyAt: NOW + 4_000,
      clientSecret: null,
    }),
  );
  t.deepEqual(asked, []);
  const ready = { ...about, reference: 'pi_1', status: 'ready', readyAt: null } as const;
  t.deepEqual(
    await ask({ paymentReference: 'pi_1' }),
    success({ ...ready, clientSecret: 'pi_1_secret_x' }),
  );
  t.deepEqual(await ask({ paymentReference: 'pi_over' }), refusal('order-not-payable'));
  t.deepEqual(await ask({ paymentReference: 'pi_away' }), refusal('unavailable'));
  t.deepEqual(await ask({ status: 'confirmed' }), refusal('order-not-payable'));
  t.deepEqual(await ask({ paymentReference: null }), refusal('order-not-payable'));
  const other = { userId: 'u_creator', roles: ['operator'] };
  t.deepEqual(await ask({ paymentReference: 'pi_1' }, other), refusal('not-found'));
  t.deepEqual(asked, ['pi_1', 'pi_over', 'pi_away']);
});
