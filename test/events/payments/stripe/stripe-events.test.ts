// Stripe's webhook calls: signatures by Stripe's own package, what each event tells, and arbitrary
// bytes.

import test from 'ava';
import fc from 'fast-check';
import { Stripe } from 'stripe';
import { StripeEvents } from '../../../../events/payments/stripe/stripe-events.ts';
import { NOW } from '../../../services/harness.ts';

const SECRET = 'whsec_in_force';
const NEXT_SECRET = 'whsec_to_come';
const events = new StripeEvents({ secrets: [SECRET, NEXT_SECRET] });

function sign(payload: string, secret = SECRET, timeMs = NOW): string {
  const timestamp = Math.floor(timeMs / 1_000);
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

function read(value: unknown, signature?: string) {
  const payload = typeof value === 'string' ? value : JSON.stringify(value);
  return events.read(signature ?? sign(payload), Buffer.from(payload), NOW);
}

const INTENT = {
  id: 'pi_1',
  object: 'payment_intent',
  status: 'requires_capture',
  amount: 2_500,
  amount_capturable: 2_500,
  amount_received: 0,
  currency: 'eur',
  metadata: { orderId: 'd_1-0' },
  last_payment_error: null,
};
const CHARGE = {
  id: 'ch_1',
  captured: true,
  amount_refunded: 1_000,
  currency: 'eur',
  metadata: { orderId: 'd_1-0' },
  payment_intent: 'pi_1',
};

function event(type: string, object: object) {
  return { id: 'evt_1', object: 'event', type, data: { object } };
}

function paymentIn(type: string, object: object) {
  const reading = read(event(type, object));
  return reading.kind === 'event' ? reading.payment : reading.kind;
}

test('R5: an authorised payment and a taken one are successes, with what was paid', (t) => {
  const about = { orderId: 'd_1-0', reference: 'pi_1', currency: 'EUR' };
  const success = { ...about, outcome: 'succeeded', amount: 2_500 };
  t.deepEqual(paymentIn('payment_intent.amount_capturable_updated', INTENT), success);
  const taken = { ...INTENT, status: 'succeeded', amount_capturable: 0, amount_received: 2_500 };
  t.deepEqual(paymentIn('payment_intent.succeeded', taken), success);
  t.is(paymentIn('payment_intent.amount_capturable_updated', taken), null);
});

test('R5: declined attempts share the payment, and are named by their charges', (t) => {
  const declined = { ...INTENT, status: 'requires_payment_method' };
  const attempt = { orderId: 'd_1-0', currency: 'EUR', outcome: 'failed', amount: 2_500 };
  const type = 'payment_intent.payment_failed';
  const byCharge = { ...declined, last_payment_error: { charge: 'ch_7', code: 'card_declined' } };
  t.deepEqual(paymentIn(type, byCharge), { ...attempt, reference: 'ch_7' });
  t.deepEqual(paymentIn(type, declined), { ...attempt, reference: 'evt_1' });
});

test('R5: a cancelled payment is voided; a refund of a taken charge tells the sum', (t) => {
  const about = { orderId: 'd_1-0', reference: 'pi_1', currency: 'EUR' };
  const cancelled = { ...INTENT, status: 'canceled' };
  t.deepEqual(paymentIn('payment_intent.canceled', cancelled), {
    ...about,
    outcome: 'voided',
    amount: null,
  });
  const refunded = { ...about, outcome: 'refunded', amount: 1_000 };
  t.deepEqual(paymentIn('charge.refunded', CHARGE), refunded);
  t.deepEqual(
    paymentIn('charge.refunded', { ...CHARGE, payment_intent: { id: 'pi_1' } }),
    refunded,
  );
  t.is(paymentIn('charge.refunded', { ...CHARGE, captured: false }), null, 'let go, not paid back');
});

test('R5: events about nothing of ours are events that tell nothing', (t) => {
  for (const [type, object] of [
    ['payment_intent.created', INTENT],
    ['payment_intent.succeeded', { ...INTENT, metadata: {} }],
    ['payment_intent.succeeded', { ...INTENT, metadata: { orderId: 'x'.repeat(256) } }],
    ['charge.refunded', { ...CHARGE, metadata: null }],
    ['customer.created', { id: 'cus_1' }],
    ['refund.failed', { ...CHARGE, amount: 5 }],
  ] as const)
    t.is(paymentIn(type, object), null, type);
});

test('P6: a refund that failed later is told with its reason', (t) => {
  const refund = {
    id: 're_1',
    amount: 1_000,
    currency: 'eur',
    metadata: { orderId: 'd_1-0', refundId: 'rf_0123456789abcdef01234567' },
    payment_intent: 'pi_1',
    failure_reason: 'lost_or_stolen_card',
  };
  t.like(read(event('refund.failed', refund)), {
    kind: 'event',
    payment: null,
    failedRefund: {
      refundId: 'rf_0123456789abcdef01234567',
      orderId: 'd_1-0',
      reference: 'pi_1',
      amount: 1_000,
      currency: 'EUR',
      reason: 'lost_or_stolen_card',
    },
  });
});

test('R5, P7: disputes are told with their end; an inquiry that is closed is won', (t) => {
  const about = { amount: 2_500, currency: 'eur', payment_intent: 'pi_1' };
  const told = (type: string, status: string, change: object = {}) => {
    const reading = read(event(type, { ...about, status, ...change }));
    return reading.kind === 'event' ? reading.dispute : reading.kind;
  };
  const dispute = { reference: 'pi_1', amount: 2_500, currency: 'EUR' };
  const [created, closed] = ['charge.dispute.created', 'charge.dispute.closed'];
  t.deepEqual(told(created, 'needs_response'), { ...dispute, outcome: 'disputed' });
  t.deepEqual(told(closed, 'lost'), { ...dispute, outcome: 'dispute-lost' });
  t.deepEqual(told(closed, 'won'), { ...dispute, outcome: 'dispute-won' });
  t.deepEqual(told(closed, 'warning_closed'), { ...dispute, outcome: 'dispute-won' });
  t.is(told(created, 'needs_response', { payment_intent: null }), null);
  t.is(told(created, 'needs_response', { amount: -1 }), 'malformed');
});

test('R5: any of the secrets may have signed, at most five minutes away', (t) => {
  const payload = JSON.stringify(event('payment_intent.succeeded', INTENT));
  t.is(read(payload, sign(payload, NEXT_SECRET)).kind, 'event');
  t.is(read(payload, sign(payload, 'whsec_other')).kind, 'forged');
  const kinds = [-301, -300, 300, 301].map(
    (seconds) => read(payload, sign(payload, SECRET, NOW + seconds * 1_000)).kind,
  );
  t.deepEqual(kinds, ['forged', 'event', 'event', 'forged']);
});

test('R5: a bad signature is refused', (t) => {
  const payload = JSON.stringify(event('payment_intent.succeeded', INTENT));
  const good = sign(payload);
  const [time = '', v1 = ''] = good.split(',');
  for (const signature of [
    '',
    't=1',
    time,
    v1,
    `${time},v1`,
    `${time},v1=`,
    `${time},v1,v1=x`,
    `${time},v0=${v1.slice(3)}`,
    `t=0,${time.replace(/.$/, '0')},${v1.replace(/.$/, v1.endsWith('0') ? '1' : '0')}`,
    good.toUpperCase(),
    `${'v1=a,'.repeat(10_000)}${time}`,
  ])
    t.is(read(payload, signature).kind, 'forged', signature.slice(0, 60));
  t.is(read(`${payload} `, good).kind, 'forged');
  t.is(read(payload, `${time},v1=bad,${v1}`).kind, 'event');
});

test('R5: bytes that are no UTF-8 cannot stand in for those that were signed', (t) => {
  const payload = JSON.stringify({ ...event('a', {}), note: '\ufffd' });
  const body = Buffer.from(payload);
  const at = body.indexOf(0xef);
  const bad = Buffer.concat([body.subarray(0, at), Buffer.from([0xff]), body.subarray(at + 3)]);
  t.is(events.read(sign(payload), bad, NOW).kind, 'forged');
  t.is(events.read(sign(payload), body, NOW).kind, 'event');
});

test('R5: what is signed and is no event is malformed', (t) => {
  for (const body of [
    'null',
    '[]',
    '1',
    '{',
    '{}',
    { ...event('a', {}), id: '' },
    { ...event('a', {}), id: 'x'.repeat(256) },
    { ...event('a', {}), data: null },
    event('payment_intent.succeeded', { ...INTENT, amount_received: -1 }),
    event('payment_intent.succeeded', { ...INTENT, amount_received: 1.5 }),
    event('payment_intent.succeeded', { ...INTENT, currency: 'EUR' }),
    event('payment_intent.succeeded', { ...INTENT, metadata: { orderId: 1 } }),
    event('charge.refunded', { ...CHARGE, captured: 'yes' }),
    event('refund.failed', {}),
  ])
    t.is(read(body).kind, 'malformed', JSON.stringify(body));
});

test('R5: whatever comes, signed or not, is read without a fault', (t) => {
  const types = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'payment_intent.succeeded',
      'payment_intent.payment_failed',
      'payment_intent.canceled',
      'charge.refunded',
      'refund.failed',
    ),
  );
  const objects = fc.oneof(
    fc.jsonValue(),
    fc.record(Object.fromEntries(Object.keys(INTENT).map((key) => [key, fc.jsonValue()]))),
    fc.record(
      Object.fromEntries(
        Object.entries(INTENT).map(([key, value]) => [
          key,
          fc.oneof({ weight: 9, arbitrary: fc.constant(value as unknown) }, fc.jsonValue()),
        ]),
      ),
    ),
  );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .record({ id: fc.oneof(fc.constant('evt_1'), fc.jsonValue()), type: types, object: objects })
      .map(({ id, type, object }) => Buffer.from(JSON.stringify({ id, type, data: { object } }))),
  );
  fc.assert(
    fc.property(bodies, fc.boolean(), fc.string(), (body, isSigned, header) => {
      const text = body.toString();
      const signature = isSigned ? sign(text) : header;
      const reading = events.read(signature, body, NOW);
      if (!isSigned) t.is(reading.kind, 'forged');
      if (reading.kind !== 'event' || reading.payment === null) return;
      const { amount, orderId } = reading.payment;
      t.true(amount === null || (Number.isSafeInteger(amount) && amount >= 0));
      t.true(orderId.length <= 255);
    }),
    { numRuns: 1_000 },
  );
});
