// The Stripe driver against a stand-in of Stripe's API over HTTP: payments are prepared, captured,
// let go and refunded, each once, whatever goes wrong in between.

import test from 'ava';
import fc from 'fast-check';
import { Stripe } from 'stripe';
import type { Refund } from '../../../../events/payments/payment-provider.ts';
import type { StandInFault } from '../../../../operator/stripe-stand-in/stand-in.ts';
import { orderView } from '../../../services/harness.ts';
import { driverOf, NEVER, openShop, pay, prepare, SECRET_KEY, type Shop } from './stripe-shop.ts';

function refundOf(reference: string, change: Partial<Refund> = {}): Refund {
  const id = 'rf_0123456789abcdef01234567';
  const money = { amount: 2_500, currency: 'EUR' };
  return { id, orderId: 'd_1-0', reference, ...money, reason: null, ...change };
}

function intent({ standIn }: Shop, reference: string) {
  return standIn.account.intents.get(reference)!;
}

function refunds({ standIn }: Shop): number[] {
  return [...standIn.account.refunds.values()].map(({ amount }) => amount);
}

/** Calls until the answer is one; faults are tried again, as the consumer does. */
async function until<T>(call: () => Promise<T>, triesMax = 30): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === triesMax) throw error;
    }
  }
}

test('R5: a payment is prepared once for an order, with its amount and metadata', async (t) => {
  const shop = await openShop(t);
  const order = orderView({ id: 'd_1-7', totalAmount: 12_900 });
  const reference = await prepare(shop, order);
  t.is(await prepare(shop, order), reference);
  t.is(shop.standIn.account.intents.size, 1);
  t.like(intent(shop, reference), {
    amount: 12_900,
    currency: 'eur',
    capture_method: 'manual',
    metadata: { orderId: 'd_1-7', dropId: 'd_1' },
    status: 'requires_payment_method',
  });
  t.is(shop.standIn.calls[0]?.idempotencyKey, 'pay_d_1-7');
});

test('R5: a payment is authorised, then captured, and captured once', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  t.is(await pay(shop, reference), 200);
  t.is(intent(shop, reference).status, 'requires_capture');
  const { prepared } = shop.provider;
  t.deepEqual(await prepared.capture(reference, NEVER), { ok: true });
  t.deepEqual(await prepared.capture(reference, NEVER), { ok: true });
  t.like(intent(shop, reference), { status: 'succeeded', amount_received: 2_500 });
});

test('R5: what is paid at once needs no capture', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  t.is(await pay(shop, reference, 'pm_stand_in_at_once'), 200);
  t.deepEqual(await shop.provider.prepared.capture(reference, NEVER), { ok: true });
  t.is(intent(shop, reference).amount_received, 2_500);
});

test('R5: a capture is refused for good only where the payment is over', async (t) => {
  const shop = await openShop(t);
  const { prepared } = shop.provider;
  const voided = await prepare(shop);
  await pay(shop, voided);
  shop.standIn.account.voidIntent(voided);
  t.false((await prepared.capture(voided, NEVER)).ok);
  const unpaid = await prepare(shop, orderView({ id: 'd_1-1' }));
  t.false((await prepared.capture(unpaid, NEVER)).ok);
  t.false((await prepared.capture('pi_unknown', NEVER).catch(() => ({ ok: false }))).ok);
  // Of an order that the development provider took.
  t.deepEqual(await prepared.capture('pay_d_1-9', NEVER), { ok: true });
});

test('R5: a payment that is let go can be neither paid nor captured', async (t) => {
  const shop = await openShop(t);
  const { prepared } = shop.provider;
  for (const [i, isAuthorised] of [false, true].entries()) {
    const reference = await prepare(shop, orderView({ id: `d_1-${i}` }));
    if (isAuthorised) await pay(shop, reference);
    t.deepEqual(await prepared.release(reference, NEVER), { ok: true });
    t.deepEqual(await prepared.release(reference, NEVER), { ok: true });
    t.is(intent(shop, reference).status, 'canceled');
    t.not(await pay(shop, reference), 200);
    t.is(await prepared.secretOf(reference, NEVER), null);
  }
  t.deepEqual(refunds(shop), []);
});

test('R5: letting go of a payment that was taken meanwhile is no fault', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  await pay(shop, reference, 'pm_stand_in_at_once');
  t.deepEqual(await shop.provider.prepared.release(reference, NEVER), { ok: true });
  t.is(intent(shop, reference).status, 'succeeded');
});

test('R5: the buyer’s secret is read from Stripe where it is not known, once', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  const secret = intent(shop, reference).client_secret;
  const reads = () => shop.standIn.calls.filter(({ method }) => method === 'GET').length;
  t.is(await shop.provider.prepared.secretOf(reference, NEVER), secret);
  t.is(reads(), 0);
  // Another node, or this one after a start.
  const { prepared } = driverOf(shop.api);
  const asked = Array.from({ length: 5 }, () => prepared.secretOf(reference, NEVER));
  t.deepEqual(new Set(await Promise.all(asked)), new Set([secret]));
  t.is(await prepared.secretOf(reference, NEVER), secret);
  t.is(reads(), 1);
  t.is(await prepared.secretOf('pay_d_1-0', NEVER), null);
});

test('R5: the refund of an authorised payment lets it go, and takes no fee', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  await pay(shop, reference);
  t.deepEqual(await shop.provider.refund(refundOf(reference), NEVER), { ok: true });
  t.is(intent(shop, reference).status, 'canceled');
  t.deepEqual(refunds(shop), []);
});

test('R5: a part of a payment is refunded once it is captured, and not before', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  await pay(shop, reference);
  const part = refundOf(reference, { amount: 1_000, reason: 'One was broken.' });
  await t.throwsAsync(shop.provider.refund(part, NEVER), {
    message: /once the payment is captured/,
  });
  await shop.provider.prepared.capture(reference, NEVER);
  t.deepEqual(await shop.provider.refund(part, NEVER), { ok: true });
  t.deepEqual(await shop.provider.refund(part, NEVER), { ok: true });
  t.deepEqual(refunds(shop), [1_000]);
  t.like([...shop.standIn.account.refunds.values()][0], {
    metadata: { refundId: part.id, orderId: 'd_1-0', reason: 'One was broken.' },
  });
});

test('R5: a refund is of what is left, and one of nothing is made', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  await pay(shop, reference);
  await shop.provider.prepared.capture(reference, NEVER);
  for (let i = 0; i < 12; i++) {
    const part = refundOf(reference, { id: `rf_${i}`, amount: 200 });
    t.deepEqual(await shop.provider.refund(part, NEVER), { ok: true });
  }
  // More than Stripe shows beside the charge.
  const again = refundOf(reference, { id: 'rf_0', amount: 200 });
  t.deepEqual(await shop.provider.refund(again, NEVER), { ok: true });
  t.is(refunds(shop).length, 12);
  t.deepEqual(await shop.provider.refund(refundOf(reference), NEVER), { ok: true });
  t.deepEqual(await shop.provider.refund(refundOf(reference), NEVER), { ok: true });
  const all = refundOf(reference, { id: 'rf_other' });
  t.deepEqual(await shop.provider.refund(all, NEVER), { ok: true });
  t.is(
    refunds(shop).reduce((sum, amount) => sum + amount, 0),
    2_500,
  );
});

test('R5: a refund that failed at the bank is made again, under another key', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  await pay(shop, reference);
  await shop.provider.prepared.capture(reference, NEVER);
  await shop.provider.refund(refundOf(reference), NEVER);
  const [id] = shop.standIn.account.refunds.keys();
  shop.standIn.account.failRefund(id!, 'lost_or_stolen_card');
  t.deepEqual(await shop.provider.refund(refundOf(reference), NEVER), { ok: true });
  const statuses = [...shop.standIn.account.refunds.values()].map(({ status }) => status);
  t.deepEqual(statuses, ['failed', 'succeeded']);
});

test('P6: a disputed payment, and one that is not Stripe’s, are refused for good', async (t) => {
  const shop = await openShop(t);
  const reference = await prepare(shop);
  await pay(shop, reference);
  await shop.provider.prepared.capture(reference, NEVER);
  shop.standIn.account.dispute(reference);
  t.deepEqual(await shop.provider.refund(refundOf(reference), NEVER), {
    ok: false,
    reason: 'The charge is disputed.',
  });
  t.like(await shop.provider.refund(refundOf('pay_d_1-0'), NEVER), { ok: false });
  t.like(await shop.provider.refund(refundOf('pi_unknown'), NEVER), { ok: false });
});

test('R5: what Stripe cannot charge is refused for good', async (t) => {
  const shop = await openShop(t);
  for (const [totalAmount, currency] of [
    [49, 'EUR'],
    [12_905, 'KWD'],
    [1_250, 'ISK'],
    [1_250, 'XYZ'],
  ] as const) {
    const order = orderView({ id: `d_1-${totalAmount}-${currency}`, totalAmount, currency });
    const answer = await shop.provider.prepared.prepare(order, NEVER);
    t.false(answer.ok, currency);
  }
  const again = await shop.provider.prepared.prepare(orderView({ totalAmount: 2_501 }), NEVER);
  t.true(again.ok);
  const other = await shop.provider.prepared.prepare(orderView({ totalAmount: 2_502 }), NEVER);
  t.like(other, { ok: false }, 'the key was used with another amount');
});

test('R5: a wrong key, too many calls and an absent Stripe are faults, not refusals', async (t) => {
  const wrong = await openShop(t, { key: 'sk_test_wrong' });
  await t.throwsAsync(wrong.provider.prepared.prepare(orderView(), NEVER), {
    instanceOf: Stripe.errors.StripeAuthenticationError,
  });
  const faults: StandInFault[] = ['too-many', 'away'];
  const shop = await openShop(t, { fault: () => faults.shift() ?? 'none' });
  await t.throwsAsync(shop.provider.prepared.prepare(orderView(), NEVER), {
    instanceOf: Stripe.errors.StripeRateLimitError,
  });
  await t.throwsAsync(shop.provider.prepared.prepare(orderView(), NEVER), {
    instanceOf: Stripe.errors.StripeAPIError,
  });
  t.true((await shop.provider.prepared.prepare(orderView(), NEVER)).ok);
  await shop.standIn.stop();
  await t.throwsAsync(shop.provider.prepared.prepare(orderView({ id: 'd_1-1' }), NEVER), {
    instanceOf: Stripe.errors.StripeConnectionError,
  });
});

test('R5: after too many calls there are none for a while', async (t) => {
  const faults: StandInFault[] = ['too-many'];
  const shop = await openShop(t, { fault: () => faults.shift() ?? 'none' });
  await t.throwsAsync(shop.provider.prepared.prepare(orderView(), NEVER));
  const begun = performance.now();
  await shop.provider.prepared.turn();
  t.true(performance.now() - begun > 900);
});

test('R5: a fault that Stripe keeps for a key costs one more key, and no more', async (t) => {
  const faults: StandInFault[] = ['fault-before', 'none'];
  const shop = await openShop(t, { fault: () => faults.shift() ?? 'none' });
  await t.throwsAsync(shop.provider.prepared.prepare(orderView(), NEVER));
  await prepare(shop);
  t.deepEqual(
    shop.standIn.calls.map(({ status, idempotencyKey }) => `${status} ${idempotencyKey}`),
    ['500 pay_d_1-0', '500 pay_d_1-0', '200 pay_d_1-0:2'],
  );
});

test('R5: the stand-in refuses a key that comes again with other parameters', async (t) => {
  const shop = await openShop(t);
  const stripe = new Stripe(SECRET_KEY, {
    host: '127.0.0.1',
    port: new URL(shop.api).port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  });
  const options = { idempotencyKey: 'k' };
  const params = { amount: 100, currency: 'eur' };
  const first = await stripe.paymentIntents.create(params, options);
  t.is((await stripe.paymentIntents.create(params, options)).id, first.id);
  await t.throwsAsync(stripe.paymentIntents.create({ ...params, amount: 101 }, options), {
    instanceOf: Stripe.errors.StripeIdempotencyError,
  });
  await t.throwsAsync(
    stripe.paymentIntents.create({ ...params, description: 'x'.repeat(9) }, options),
    {
      instanceOf: Stripe.errors.StripeIdempotencyError,
    },
  );
  const unknown = { ...params, nothing: 1 } as Stripe.PaymentIntentCreateParams;
  await t.throwsAsync(stripe.paymentIntents.create(unknown), { code: 'parameter_unknown' });
});

test('R5: whatever goes wrong with calls, money is taken once and refunded once', async (t) => {
  const kinds: StandInFault[] = ['none', 'away', 'fault-after', 'fault-before', 'lost-answer'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...kinds), { maxLength: 14 }),
      fc.constantFrom('pm_card_visa', 'pm_stand_in_at_once'),
      fc.constantFrom(2_500, 1_000),
      async (faults, method, amount) => {
        const left = [...faults];
        const tearDowns: (() => unknown)[] = [];
        const teardown = (undo: () => unknown) => void tearDowns.push(undo);
        const shop = await openShop({ teardown }, { fault: () => left.shift() ?? 'none' });
        const { prepared } = shop.provider;
        const reference = await until(() => prepare(shop));
        await pay(shop, reference, method);
        t.deepEqual(await until(() => prepared.capture(reference, NEVER)), { ok: true });
        t.is(intent(shop, reference).amount_received, 2_500);
        const refund = refundOf(reference, { amount });
        for (let i = 0; i < 2; i++)
          t.deepEqual(await until(() => shop.provider.refund(refund, NEVER)), { ok: true });
        t.deepEqual(refunds(shop), [amount]);
        for (const undo of tearDowns) await undo();
      },
    ),
    { numRuns: 15 },
  );
});
