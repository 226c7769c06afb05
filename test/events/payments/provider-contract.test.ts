// The contract of payment providers, on the development provider and on Stripe's driver with a
// stand-in of Stripe.

import test from 'ava';
import { DevelopmentPaymentProvider } from '../../../events/payments/payment-provider-development.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { NOW, RecordingLog } from '../../services/harness.ts';
import { providerContract } from './provider-contract.ts';
import { NEVER, openShop, pay, prepare } from './stripe/stripe-shop.ts';

providerContract(test, 'development', async (t) => {
  const opened: string[] = [];
  const provider = new DevelopmentPaymentProvider({
    webhookUrl: () => 'http://127.0.0.1:9',
    secret: Buffer.from('the secret in force').toString('base64'),
    settleAfterMs: 1_000,
    behaviour({ id }) {
      opened.push(id);
      return 'success';
    },
    clock: new ManualClock(NOW),
    log: new RecordingLog(),
  });
  t.teardown(() => provider.stop());
  return {
    provider,
    paymentsOf: (orderId) => opened.filter((id) => id === orderId).length,
    async pay(order) {
      await provider.opened(order);
      return provider.reference(order.id);
    },
    refunds: () => provider.refunds().map(({ amount }) => amount),
  };
});

providerContract(test, 'stripe', async (t) => {
  const shop = await openShop(t);
  const { intents, refunds } = shop.standIn.account;
  return {
    provider: shop.provider,
    paymentsOf: (orderId) =>
      [...intents.values()].filter(({ metadata }) => metadata['orderId'] === orderId).length,
    async pay(order) {
      const reference = await prepare(shop, order);
      await pay(shop, reference);
      await shop.provider.prepared.capture(reference, NEVER);
      return reference;
    },
    refunds: () => [...refunds.values()].map(({ amount }) => amount),
  };
});
