// The development payment provider against a real HTTP server: times of calls, signatures, retries
// and stopping.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { OrderView } from '../../../contracts/orders.ts';
import { PAYMENT_BEHAVIOURS } from '../../../contracts/payments.ts';
import {
  DevelopmentPaymentProvider,
  type DevelopmentPaymentProviderOptions,
} from '../../../events/payments/payment-provider-development.ts';
import type { Refund } from '../../../events/payments/payment-provider.ts';
import { behaviourByAmount, paymentCalls } from '../../../events/payments/development-payments.ts';
import { WebhookVerifier } from '../../../events/payments/webhook-signature.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { NOW, orderView, RecordingLog } from '../../services/harness.ts';

const SECRET = Buffer.from('the secret in force').toString('base64');

interface Json {
  readonly orderId: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

interface Received {
  readonly id: string;
  readonly event: { type: string; data: Json };
  readonly signed: boolean;
  readonly port: number;
}

class Shop {
  readonly received: Received[] = [];
  readonly clock = new ManualClock(NOW);
  readonly log = new RecordingLog();
  /** The next replies; 204 after them. */
  statuses: number[] = [];
  /** While set, calls get no reply. */
  silent = false;
  provider!: DevelopmentPaymentProvider;
  readonly #arrivals: (() => void)[] = [];

  /** Resolves once this many calls have arrived. */
  async calls(count: number): Promise<void> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => this.#arrivals.push(resolve));
    }
  }

  /**
   * Advances the clock in small steps until this many calls have arrived: a retry needs it after
   * each reply.
   */
  async callsInTime(count: number): Promise<void> {
    while (this.received.length < count) await this.clock.advance(50);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const header = (name: string) => String(request.headers[name]);
    const id = header('webhook-id');
    const timestamp = header('webhook-timestamp');
    const call = { id, timestamp, signature: header('webhook-signature'), body };
    const signed = new WebhookVerifier({ secrets: [SECRET] }).verify(call, this.clock.now());
    const port = request.socket.remotePort!;
    this.received.push({ id, event: JSON.parse(body.toString()), signed, port });
    if (!this.silent) response.writeHead(this.statuses.shift() ?? 204).end();
    for (const resolve of this.#arrivals.splice(0)) resolve();
  }
}

async function openShop(
  t: ExecutionContext,
  options: Partial<DevelopmentPaymentProviderOptions> = {},
): Promise<Shop> {
  const shop = new Shop();
  const server = createServer((request, response) => {
    shop.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  shop.provider = new DevelopmentPaymentProvider({
    webhookUrl: () => `http://127.0.0.1:${port}/v1/payments/webhook`,
    secret: SECRET,
    settleAfterMs: 1_000,
    clock: shop.clock,
    log: shop.log,
    ...options,
  });
  t.teardown(async () => {
    await shop.provider.stop();
    server.closeAllConnections();
    server.close();
  });
  return shop;
}

function orders(count: number): OrderView[] {
  return Array.from({ length: count }, (_, i) => orderView({ id: `d_1-${i}` }));
}

function refund(orderId: string, part = 0): Refund {
  const id = `rf_${orderId}_${part}`;
  const reference = `pay_${orderId}`;
  return { id, orderId, reference, amount: 2_500, currency: 'EUR', reason: null };
}

test('P1: an opened order is settled after the delay, by a signed call', async (t) => {
  const shop = await openShop(t);
  await shop.provider.opened(orderView({ id: 'd_1-7' }));
  await shop.clock.advance(999);
  t.is(shop.received.length, 0);
  await shop.clock.advance(1);
  await shop.calls(1);
  const [{ port: _, ...received }] = shop.received as [Received];
  t.deepEqual(received, {
    id: 'payment.succeeded:pay_d_1-7',
    event: {
      type: 'payment.succeeded',
      data: { orderId: 'd_1-7', reference: 'pay_d_1-7', amount: 2_500, currency: 'EUR' },
    },
    signed: true,
  });
});

test('P1: payments of chosen orders fail', async (t) => {
  const shop = await openShop(t, {
    settleAfterMs: 0,
    behaviour: ({ id }) => (id === 'd_1-1' ? 'failure' : 'success'),
  });
  for (const order of orders(2)) await shop.provider.opened(order);
  await shop.calls(2);
  t.deepEqual(shop.received.map(({ event }) => `${event.data.orderId} ${event.type}`).toSorted(), [
    'd_1-0 payment.succeeded',
    'd_1-1 payment.failed',
  ]);
});

test('P1: payments go as they are told to, by their amount', async (t) => {
  const shop = await openShop(t, {
    settleAfterMs: 0,
    concurrency: 1,
    behaviour: behaviourByAmount,
  });
  const told: Record<string, string[]> = {};
  for (const [i, behaviour] of PAYMENT_BEHAVIOURS.entries()) {
    if (behaviour === 'late') continue;
    const before = shop.received.length;
    const order = orderView({ id: `d_1-${i}`, totalAmount: 2_500 + i });
    const count = paymentCalls(order, 'ref', behaviour).length;
    await shop.provider.opened(order);
    await shop.callsInTime(before + count);
    told[behaviour] = shop.received
      .slice(before)
      .map(({ event: { type, data } }) => `${type} ${data.reference} ${data.amount}`);
  }
  t.deepEqual(told, {
    success: ['payment.succeeded pay_d_1-0 2500'],
    failure: ['payment.failed pay_d_1-1_declined 2501'],
    'failure-then-success': [
      'payment.failed pay_d_1-2_declined 2502',
      'payment.succeeded pay_d_1-2 2502',
    ],
    cancelled: ['payment.cancelled pay_d_1-3 2503'],
    twice: ['payment.succeeded pay_d_1-5 2505', 'payment.succeeded pay_d_1-5_again 2505'],
    'wrong-amount': ['payment.succeeded pay_d_1-6 2507'],
    refunded: ['payment.succeeded pay_d_1-7 2507', 'payment.refunded pay_d_1-7 2507'],
    'partly-refunded': ['payment.succeeded pay_d_1-8 2508', 'payment.refunded pay_d_1-8 1254'],
  });
  t.is(behaviourByAmount(orderView({ totalAmount: 2_599 })), 'success');
});

test('P4: a late payment comes after the end of the hold', async (t) => {
  const shop = await openShop(t, { settleAfterMs: 0, behaviour: () => 'late' });
  await shop.provider.opened(orderView({ holdExpiresAt: NOW + 5_000 }));
  await shop.clock.advance(5_999);
  t.is(shop.received.length, 0);
  await shop.clock.advance(1);
  await shop.calls(1);
  t.is(shop.received[0]?.event.type, 'payment.succeeded');
});

test('P1: without a delay nothing is settled', async (t) => {
  const shop = await openShop(t, { settleAfterMs: null });
  await shop.provider.opened(orderView());
  await shop.clock.advance(1_000_000);
  t.is(shop.received.length, 0);
});

test('P1: a buyer says how a payment goes, ahead of what is settled by itself', async (t) => {
  const shop = await openShop(t, { settleAfterMs: 60_000 });
  await shop.provider.opened(orderView());
  t.true(shop.provider.settle(orderView(), 'failure'));
  t.false(shop.provider.settle(orderView(), 'success'), 'it is under way');
  await shop.calls(1);
  t.is(shop.received[0]?.event.type, 'payment.failed');
  t.true(shop.received[0]?.signed);
  // Once the call is over a buyer tries again.
  while (!shop.provider.settle(orderView(), 'success')) await shop.clock.advance(1);
  await shop.calls(2);
  t.is(shop.received[1]?.event.type, 'payment.succeeded');
});

test('P1, P4: a buyer pays too late, or not any more after the end', async (t) => {
  const shop = await openShop(t, { settleAfterMs: null, queueLengthMax: 1 });
  t.true(shop.provider.settle(orderView({ holdExpiresAt: NOW + 5_000 }), 'late'));
  t.throws(() => shop.provider.settle(orderView({ id: 'd_1-1' }), 'success'), {
    code: 'provider-busy',
  });
  await shop.clock.advance(6_000);
  await shop.calls(1);
  t.is(shop.received[0]?.event.type, 'payment.succeeded');
  await shop.provider.stop();
  t.throws(() => shop.provider.settle(orderView(), 'success'));
});

test('P1: an order opened twice is settled once', async (t) => {
  const shop = await openShop(t);
  await shop.provider.opened(orderView());
  await shop.provider.opened(orderView());
  await shop.provider.opened(orderView({ id: 'd_1-1' }));
  await shop.clock.advance(1_000);
  await shop.calls(2);
  t.deepEqual(shop.received.map(({ event }) => event.data.orderId).toSorted(), ['d_1-0', 'd_1-1']);
});

test('P1: calls share few connections, and their concurrency is bounded', async (t) => {
  const shop = await openShop(t, { settleAfterMs: 0, concurrency: 2 });
  for (const order of orders(40)) await shop.provider.opened(order);
  await shop.calls(40);
  t.true(new Set(shop.received.map(({ port }) => port)).size <= 4);
});

test('P1: a failing server is called again with the same id, a refusing one not', async (t) => {
  const shop = await openShop(t, { settleAfterMs: 0 });
  shop.statuses = [500, 503, 429];
  await shop.provider.opened(orderView());
  await shop.callsInTime(4);
  t.is(new Set(shop.received.map(({ id }) => id)).size, 1);
  t.true(shop.received.every(({ signed }) => signed));
  t.deepEqual(shop.log.warnings, []);
  shop.statuses = [404];
  await shop.provider.opened(orderView({ id: 'd_1-1' }));
  while (shop.log.warnings.length === 0) await shop.clock.advance(50);
  await shop.clock.advance(60_000);
  t.is(shop.received.length, 5);
});

test('P1: after repeated failures a call is given up', async (t) => {
  const shop = await openShop(t, { settleAfterMs: 0 });
  shop.statuses = Array.from({ length: 100 }, () => 503);
  await shop.provider.opened(orderView());
  while (shop.log.warnings.length === 0) await shop.clock.advance(500);
  t.is(shop.received.length, 10);
});

test('P1: past the bounded queue an order is refused, and taken once there is room', async (t) => {
  const shop = await openShop(t, { queueLengthMax: 2 });
  const [first, second, third] = orders(3) as [OrderView, OrderView, OrderView];
  await shop.provider.opened(first);
  await shop.provider.opened(second);
  await t.throwsAsync(shop.provider.opened(third), { code: 'provider-busy' });
  await shop.callsInTime(2);
  while (shop.received.length < 3) {
    await shop.provider.opened(third).catch(() => undefined);
    await shop.clock.advance(50);
  }
  t.is(shop.received[2]?.event.data.orderId, third.id);
});

test('P1: stopping ends waiting calls and calls in progress', async (t) => {
  const shop = await openShop(t, { concurrency: 1 });
  shop.silent = true;
  for (const order of orders(3)) await shop.provider.opened(order);
  await shop.clock.advance(1_000);
  await shop.calls(1);
  await shop.provider.stop();
  await shop.provider.opened(orderView({ id: 'd_1-9' }));
  await shop.clock.advance(60_000);
  t.is(shop.received.length, 1);
});

test('P4: the last refunds are recorded, once each, and several of one payment', async (t) => {
  const shop = await openShop(t);
  await shop.provider.refund(refund('d_1-0'));
  await shop.provider.refund(refund('d_1-0'));
  await shop.provider.refund(refund('d_1-1'));
  await shop.provider.refund(refund('d_1-0', 1));
  t.deepEqual(shop.provider.refunds(), [refund('d_1-0'), refund('d_1-1'), refund('d_1-0', 1)]);
  for (let i = 0; i < 10_000; i++) await shop.provider.refund(refund(`d_2-${i}`));
  t.is(shop.provider.refunds().length, 10_000);
  t.is(shop.provider.refunds()[0]?.orderId, 'd_2-0');
});
