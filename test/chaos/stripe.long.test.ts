// A server that sells by Stripe and is killed again and again, against a stand-in of Stripe that
// outlives it: no payment is left without an order or a refund, no order without its money.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { StripeStandIn } from '../../operator/stripe-stand-in/stand-in.ts';
import { AUTH_SECRET, eventually, type Json, SaleClient } from '../end-to-end/sale-client.ts';
import { ChildServer, freePort } from '../servers/child-server.ts';
import { Random } from './random.ts';

const PROGRAM = fileURLToPath(new URL('../../operator/livedrops.ts', import.meta.url));
const SEED = 7;
const KILLS = 5;
const BUYERS_PER_ROUND = 8;
/** Opening and capturing of each payment, and some more. */
const CALLS_PER_ROUND_MAX = 16;
const PRICE = 2_500;
const HOLD_SECONDS = 15;
const KEYS = {
  secretKey: 'sk_test_kills',
  publishableKey: 'pk_test_kills',
  webhookSecret: 'whsec_kills',
};

test('P4a, R5: a server killed between any two calls leaves no payment without an order or a refund', async (t) => {
  t.timeout(600_000);
  t.log(`seed ${SEED}`);
  const random = new Random({ seed: SEED });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const standIn = new StripeStandIn({
    ...KEYS,
    port: 0,
    webhookUrl: () => `${url}/v1/payments/stripe/webhook`,
    hostile: true,
    random: () => random.next(),
    eventsFirst: () => random.chance(0.3),
  });
  const api = await standIn.start();
  const data = mkdtempSync(join(tmpdir(), 'livedrops-stripe-'));
  const server = new ChildServer({
    command: process.execPath,
    args: [PROGRAM, 'start'],
    ready: /^LiveDrops ready on/m,
    readyTimeoutMs: 60_000,
    environment: {
      LIVEDROPS_DATA: data,
      LIVEDROPS_PORT: String(port),
      LIVEDROPS_LOG: 'error',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
      LIVEDROPS_STRIPE_SECRET_KEY: KEYS.secretKey,
      LIVEDROPS_STRIPE_WEBHOOK_SECRET: KEYS.webhookSecret,
      LIVEDROPS_STRIPE_API: api,
      LIVEDROPS_STRIPE_CALLS_PER_SECOND: '60',
    },
  });
  t.teardown(async () => {
    await server.stop('SIGKILL');
    await standIn.stop();
    rmSync(data, { recursive: true, force: true });
  });
  const client = new SaleClient({ urls: [url] });
  await server.start();
  const terms = { payment: 'provider', holdSeconds: HOLD_SECONDS, unitAmount: PRICE };
  const dropId = await client.drop('cleo', { ...terms, stock: 1_000 });
  const orders = new Map<string, string>();

  /** Buys and pays, or gives up, while the server may be killed at any moment. */
  async function buy(userId: string): Promise<void> {
    const { json, status } = await client.order(dropId, userId, 'k');
    if (status !== 201) return;
    const id = String(json['id']);
    orders.set(id, userId);
    const choice = random.next();
    if (choice < 0.1) return void (await client.post(`/v1/orders/${id}/cancel`, { as: userId }));
    const read = async () => (await client.get(`/v1/orders/${id}/payment`, { as: userId })).json;
    const payment = await eventually(read, (found) => found['status'] !== 'preparing', 15_000);
    if (payment['status'] !== 'ready' || choice < 0.2) return;
    const payment_method = choice < 0.4 ? 'pm_stand_in_at_once' : 'pm_card_visa';
    standIn.account.confirmIntent(String(payment['reference']), { payment_method });
    standIn.tell();
    if (choice > 0.9) await client.post(`/v1/orders/${id}/refund`, { as: 'cleo' });
  }

  const buyAll = (round: number) =>
    Array.from({ length: BUYERS_PER_ROUND }, (_, i) =>
      // The server may be gone.
      buy(`u_${round}_${i}`).catch(() => undefined),
    );
  for (let kill = 0; kill < KILLS; kill++) {
    const buyers = buyAll(kill);
    // Between any two calls of Stripe, however fast the machine is.
    const lastCall = standIn.calls.length + random.integer(1, CALLS_PER_ROUND_MAX);
    await eventually(
      async () => standIn.calls.length,
      (calls) => calls >= lastCall,
      10_000,
    );
    await server.stop('SIGKILL');
    await Promise.all(buyers);
    await server.start();
  }
  await Promise.all(buyAll(KILLS));

  async function findings(): Promise<string[]> {
    const found: string[] = [];
    const kept = new Map<string, number>();
    for (const { id, latest_charge: of, metadata, ...intent } of standIn.account.intents.values()) {
      const charge = standIn.account.charges.get(of ?? '');
      const orderId = metadata['orderId']!;
      const left =
        intent.amount_received - (charge?.captured === true ? charge.amount_refunded : 0);
      kept.set(orderId, (kept.get(orderId) ?? 0) + left);
      if (intent.status === 'requires_capture') found.push(`${id} of ${orderId} is not captured`);
      if (!orders.has(orderId)) orders.set(orderId, '');
    }
    const list = await client.get(`/v1/drops/${dropId}/orders?limit=100`, { as: 'cleo' });
    for (const { id, status } of list.json['items'] as Json[]) {
      const due = status === 'confirmed' ? PRICE : 0;
      const paid = kept.get(String(id)) ?? 0;
      kept.delete(String(id));
      if (status === 'reserved' || paid !== due)
        found.push(`${String(id)} is ${String(status)}, and ${paid} of ${due} are kept`);
    }
    for (const [id, paid] of kept) if (paid !== 0) found.push(`${paid} are kept for ${id}`);
    return found;
  }
  t.deepEqual(await eventually(findings, ({ length }) => length === 0, 120_000), []);
  const taken = [...standIn.account.intents.values()].filter(
    (intent) => intent.amount_received > 0,
  );
  t.log(`${orders.size} orders, ${taken.length} taken, ${standIn.account.refunds.size} refunds`);
  t.true(taken.length > 0);
});
