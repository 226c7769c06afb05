// The payments webhook through the broker: signatures, repeats, and commands to the drop's actor.

import test, { type ExecutionContext } from 'ava';
import { Webhook } from 'standardwebhooks';
import { refusal, success } from '../../domain/refusal.ts';
import type { WebhookCall } from '../../contracts/payments.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { paymentsService } from '../../services/payments.ts';
import type { ProviderDigits } from '../../events/payments/provider-units.ts';
import { signWebhook } from '../../events/payments/webhook-signature.ts';
import { type Harness, NOW, orderView, RecordingLog, startServices } from './harness.ts';

const SECRET = `whsec_${Buffer.from('the secret in force').toString('base64')}`;
const NEXT_SECRET = Buffer.from('the secret to come').toString('base64');
const SUCCEEDED = {
  type: 'payment.succeeded',
  data: { orderId: 'd_1-0', reference: 'pay_d_1-0' },
};
const WITHOUT_STRIPE = {
  stripe: null,
  provider: null,
  publishableKey: null,
  log: new RecordingLog(),
} as const;
const BAD_SIGNATURE = refusal('unauthenticated');

async function start(
  t: ExecutionContext,
  providerDigits: ProviderDigits = new Map(),
): Promise<Harness> {
  const harness = await startServices(t, ({ stores, router, clock, levels }) => [
    paymentsService({
      ...stores,
      ...WITHOUT_STRIPE,
      router,
      clock,
      levels,
      secrets: [SECRET, NEXT_SECRET],
      providerDigits,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    }),
  ]);
  harness.router.answer = () => success(orderView({ status: 'confirmed' }));
  return harness;
}

function webhook(
  event: unknown = SUCCEEDED,
  {
    id = 'msg_1',
    secret = SECRET,
    time = NOW,
  }: { id?: string; secret?: string; time?: number } = {},
): WebhookCall {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  const timestamp = Math.floor(time / 1_000);
  const signature = signWebhook({ secret, id, timestamp, body });
  return { id, timestamp: String(timestamp), signature, body: Buffer.from(body) };
}

test('P2: a signed success and a signed failure reach the order', async (t) => {
  const { call, router } = await start(t);
  t.deepEqual(await call('payments.webhook', webhook()), success(null));
  const failed = { type: 'payment.failed', data: { orderId: 'd_1-1', reference: 'ref' } };
  t.deepEqual(await call('payments.webhook', webhook(failed, { id: 'msg_2' })), success(null));
  const record = { type: 'record-payment', dropId: 'd_1', amount: null, currency: null } as const;
  t.deepEqual(router.commands, [
    { ...record, orderId: 'd_1-0', outcome: 'succeeded', reference: 'pay_d_1-0' },
    { ...record, orderId: 'd_1-1', outcome: 'failed', reference: 'ref' },
  ]);
});

test('P2a, P3a: amount, currency and every outcome reach the order', async (t) => {
  const { call, router } = await start(t);
  const data = { ...SUCCEEDED.data, amount: 250, currency: 'EUR' };
  for (const outcome of ['succeeded', 'failed', 'cancelled', 'refunded'] as const) {
    const event = webhook({ type: `payment.${outcome}`, data }, { id: `msg_${outcome}` });
    t.deepEqual(await call('payments.webhook', event), success(null));
    const command = router.commands.at(-1);
    t.deepEqual(command, { type: 'record-payment', dropId: 'd_1', outcome, ...data });
  }
});

test('H1a, P2a: an amount of a provider that counts otherwise is converted, or refused', async (t) => {
  const { call, router } = await start(t, new Map([['ISK', 2]]));
  const pay = (amount: number, currency?: string) => {
    const data = { ...SUCCEEDED.data, amount, ...(currency === undefined ? {} : { currency }) };
    const id = `msg_${amount}_${currency}`;
    return call('payments.webhook', webhook({ type: 'payment.succeeded', data }, { id }));
  };
  t.deepEqual(await pay(120_000, 'ISK'), success(null));
  t.like(router.commands.at(-1), { amount: 1_200, currency: 'ISK' });
  t.deepEqual(await pay(120_000, 'EUR'), success(null));
  t.like(router.commands.at(-1), { amount: 120_000, currency: 'EUR' });
  const count = router.commands.length;
  t.like(await pay(120_001, 'ISK'), { ok: false, code: 'invalid-request' });
  t.like(await pay(120_000), { ok: false, code: 'invalid-request' });
  t.is(router.commands.length, count);
});

test('P3: below feature level 2 a failure is final, and a refund is to be told again', async (t) => {
  const harness = await startServices(t, ({ stores, router, clock }) => [
    paymentsService({
      ...stores,
      ...WITHOUT_STRIPE,
      router,
      clock,
      levels: new ReachedLevel(1),
      secrets: [SECRET],
      providerDigits: new Map(),
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    }),
  ]);
  const { call, router } = harness;
  router.answer = () => success(orderView({ status: 'failed' }));
  const data = { ...SUCCEEDED.data, amount: 1, currency: 'JPY' };
  const about = { type: 'settle-payment', dropId: 'd_1', ...SUCCEEDED.data } as const;
  for (const outcome of ['succeeded', 'failed', 'cancelled'] as const) {
    const event = webhook({ type: `payment.${outcome}`, data }, { id: `msg_${outcome}` });
    t.deepEqual(await call('payments.webhook', event), success(null));
    t.deepEqual(router.commands.at(-1), { ...about, succeeded: outcome === 'succeeded' });
  }
  for (const outcome of ['refunded', 'voided']) {
    const event = webhook({ type: `payment.${outcome}`, data }, { id: `msg_${outcome}` });
    t.deepEqual(await call('payments.webhook', event), refusal('unavailable'));
  }
});

test('R5: a payment is voided from feature level 3 on', async (t) => {
  const { call, router, levels } = await start(t);
  const event = webhook({ type: 'payment.voided', data: SUCCEEDED.data });
  t.true(levels.reached() >= 3);
  t.deepEqual(await call('payments.webhook', event), success(null));
  t.like(router.commands, [{ type: 'record-payment', outcome: 'voided', ...SUCCEEDED.data }]);
});

test('P2: the reference implementation and this one accept one another', async (t) => {
  const { call } = await start(t);
  const reference = new Webhook(SECRET);
  const text = JSON.stringify({ ...SUCCEEDED, note: 'naïve ✓' });
  const signature = reference.sign('msg_1', new Date(NOW), text);
  const params = {
    id: 'msg_1',
    timestamp: String(NOW / 1_000),
    signature,
    body: Buffer.from(text),
  };
  t.deepEqual(await call('payments.webhook', params), success(null));
  const ours = webhook(SUCCEEDED, { time: Date.now() });
  t.notThrows(() =>
    reference.verify(Buffer.from(ours.body).toString(), {
      'webhook-id': ours.id,
      'webhook-timestamp': ours.timestamp,
      'webhook-signature': ours.signature,
    }),
  );
});

test('P2: any secret and any signature of the header may match, for rotation', async (t) => {
  const { call } = await start(t);
  const byNext = webhook(SUCCEEDED, { id: 'msg_1', secret: NEXT_SECRET });
  t.deepEqual(await call('payments.webhook', byNext), success(null));
  const other = Buffer.from('some other secret').toString('base64');
  const byOther = webhook(SUCCEEDED, { id: 'msg_2', secret: other });
  t.deepEqual(await call('payments.webhook', byOther), BAD_SIGNATURE);
  const good = webhook(SUCCEEDED, { id: 'msg_2' });
  const signature = `v1a,AAAA ${byOther.signature} ${good.signature}`;
  t.deepEqual(await call('payments.webhook', { ...good, signature }), success(null));
});

test('P2: a bad signature is refused and changes nothing', async (t) => {
  const { call, router } = await start(t);
  const good = webhook();
  const bare = good.signature.slice('v1,'.length);
  const changes: Partial<WebhookCall>[] = [
    { id: 'msg_2' },
    { id: '' },
    { timestamp: String(NOW / 1_000 + 1) },
    { timestamp: '' },
    { timestamp: `${good.timestamp}x` },
    { timestamp: `${good.timestamp}.0` },
    { signature: '' },
    { signature: 'v1,' },
    { signature: 'v1' },
    { signature: bare },
    { signature: `v2,${bare}` },
    { signature: good.signature.replace(/.=$/, 'A=') },
    { body: Buffer.from(`${Buffer.from(good.body).toString()} `) },
    { body: Buffer.alloc(0) },
  ];
  for (const change of changes) {
    t.deepEqual(await call('payments.webhook', { ...good, ...change }), BAD_SIGNATURE);
  }
  t.deepEqual(router.commands, []);
});

test('P2: bytes that are no UTF-8 cannot stand in for those that were signed', async (t) => {
  const { call } = await start(t);
  const good = webhook({ ...SUCCEEDED, note: '\ufffd' });
  const body = Buffer.from(
    Buffer.from(good.body).toString('latin1').replace('\u00ef\u00bf\u00bd', '\u00ff'),
    'latin1',
  );
  t.deepEqual(await call('payments.webhook', { ...good, body }), BAD_SIGNATURE);
  t.deepEqual(await call('payments.webhook', good), success(null));
});

test('P2: five minutes off is the most, either way', async (t) => {
  const { call } = await start(t);
  const codes: boolean[] = [];
  for (const seconds of [-301, -300, 300, 301]) {
    const params = webhook(SUCCEEDED, { id: `msg${seconds}`, time: NOW + seconds * 1_000 });
    codes.push((await call('payments.webhook', params)).ok);
  }
  t.deepEqual(codes, [false, true, true, false]);
});

test('P2: a repeated webhook id succeeds and changes nothing', async (t) => {
  const { call, router } = await start(t);
  for (let i = 0; i < 3; i++) t.true((await call('payments.webhook', webhook())).ok);
  t.is(router.commands.length, 1);
});

test('P2: two calls at once with one id have one effect', async (t) => {
  const { call, router } = await start(t);
  const answer = Promise.withResolvers<void>();
  router.answer = async () => {
    await answer.promise;
    return success(orderView());
  };
  const calls = [call('payments.webhook', webhook()), call('payments.webhook', webhook())];
  answer.resolve();
  t.deepEqual(await Promise.all(calls), [success(null), success(null)]);
  t.is(router.commands.length, 1);
});

test('P2: a failed call is not recorded, so the provider may call again', async (t) => {
  const { call, router } = await start(t);
  router.answer = () => refusal('unavailable');
  t.deepEqual(await call('payments.webhook', webhook()), refusal('unavailable'));
  router.answer = () => success(orderView());
  t.deepEqual(await call('payments.webhook', webhook()), success(null));
  t.is(router.commands.length, 2);
});

test('P2: other types of events are acknowledged and ignored', async (t) => {
  const { call, router } = await start(t);
  t.deepEqual(await call('payments.webhook', webhook({ type: 'invoice.paid' })), success(null));
  t.deepEqual(router.commands, []);
});

test('H8: signed calls without sense are refused, and unknown orders not found', async (t) => {
  const { call, router } = await start(t);
  const data = SUCCEEDED.data;
  const senseless = [
    'no json',
    '',
    'null',
    '[]',
    {},
    { type: 1 },
    { type: 'payment.succeeded' },
    { type: 'payment.succeeded', data: null },
    { type: 'payment.failed', data: { reference: 'ref' } },
    { type: 'payment.failed', data: { orderId: 7, reference: 'ref' } },
    { type: 'payment.failed', data: { ...data, reference: '' } },
    { type: 'payment.failed', data: { ...data, reference: 'with space' } },
    { type: 'payment.failed', data: { ...data, reference: 'x'.repeat(256) } },
    { type: 'payment.succeeded', data: { ...data, amount: -1 } },
    { type: 'payment.succeeded', data: { ...data, amount: 1.5 } },
    { type: 'payment.succeeded', data: { ...data, amount: '199' } },
    { type: 'payment.succeeded', data: { ...data, currency: 'eur' } },
  ];
  for (const [i, event] of senseless.entries()) {
    const outcome = await call('payments.webhook', webhook(event, { id: `msg_${i}` }));
    t.like(outcome, { code: 'invalid-request' });
  }
  const noOrder = webhook({ type: 'payment.failed', data: { ...data, orderId: 'no order' } });
  t.deepEqual(await call('payments.webhook', noOrder), refusal('not-found'));
  t.deepEqual(router.commands, []);
  router.answer = () => refusal('not-found');
  t.deepEqual(await call('payments.webhook', webhook()), refusal('not-found'));
});

test('P2: webhook ids are removed after seven days', async (t) => {
  const { call, stores, clock } = await start(t);
  await call('payments.webhook', webhook());
  await clock.advance(7 * 24 * 3_600_000 + 1);
  const later = webhook(SUCCEEDED, { id: 'msg_2', time: clock.now() });
  await call('payments.webhook', later);
  t.false(await stores.webhookLog.has('msg_1'));
  t.true(await stores.webhookLog.has('msg_2'));
});

test('P2: webhook ids are cleaned once an hour, however the wall clock is set', async (t) => {
  const { call, stores, clock } = await start(t);
  let cleanings = 0;
  stores.webhookLog.removeBefore = async () => {
    cleanings += 1;
  };
  let calls = 0;
  const cleaningsAfterCall = async (): Promise<number> => {
    calls += 1;
    const event = webhook(SUCCEEDED, { id: `msg_${calls}`, time: clock.now() });
    t.deepEqual(await call('payments.webhook', event), success(null));
    return cleanings;
  };
  t.is(await cleaningsAfterCall(), 1);
  clock.shiftWall(3_600_000);
  t.is(await cleaningsAfterCall(), 1, 'an hour on is no hour gone');
  clock.shiftWall(-2 * 3_600_000);
  await clock.advance(3_599_999);
  t.is(await cleaningsAfterCall(), 1);
  await clock.advance(1);
  t.is(await cleaningsAfterCall(), 2, 'an hour back holds up nothing');
});
