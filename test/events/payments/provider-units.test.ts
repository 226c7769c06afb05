// Amounts at a provider that counts some currencies with other digits than ISO 4217.

import test from 'ava';
import type { OrderView } from '../../../contracts/orders.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type Refund,
} from '../../../events/payments/payment-provider.ts';
import { ProviderUnits } from '../../../events/payments/provider-units.ts';
import { orderView } from '../../services/harness.ts';

const { signal } = new AbortController();

function start() {
  const opened: OrderView[] = [];
  const refunds: Refund[] = [];
  const provider: PaymentProvider = {
    name: 'other',
    reference: (orderId) => `ref_${orderId}`,
    async opened(order) {
      opened.push(order);
      return ACCEPTED;
    },
    async refund(refund) {
      refunds.push(refund);
      return ACCEPTED;
    },
  };
  const digits = new Map([
    ['ISK', 2],
    ['KWD', 2],
  ]);
  return { opened, refunds, units: new ProviderUnits({ provider, digits }) };
}

const refund = (amount: number, currency: string): Refund => ({
  id: 'rf_1',
  orderId: 'd_1-0',
  reference: 'r',
  amount,
  currency,
  reason: null,
});

test('H1a: amounts go to the provider with its own digits, where they differ', async (t) => {
  const { opened, refunds, units } = start();
  t.is(units.name, 'other');
  t.is(units.reference('d_1-0'), 'ref_d_1-0');
  for (const [amount, currency, there] of [
    [1_200, 'ISK', 120_000],
    [1_230, 'KWD', 123],
    [1_200, 'EUR', 1_200],
    [0, 'KWD', 0],
    [7, 'XDR', 7],
  ] as const) {
    t.is(await units.refund(refund(amount, currency), signal), ACCEPTED);
    t.deepEqual(refunds.pop(), refund(there, currency));
    const order = orderView({ totalAmount: amount, currency });
    t.is(await units.opened(order, signal), ACCEPTED);
    t.deepEqual(opened.pop(), { ...order, totalAmount: there });
  }
});

test('H1a, P6: what the provider cannot express exactly is refused for good, not rounded', async (t) => {
  const { opened, refunds, units } = start();
  const reason = 'The provider cannot express 1234 KWD exactly.';
  t.deepEqual(await units.refund(refund(1_234, 'KWD'), signal), { ok: false, reason });
  const order = orderView({ totalAmount: 1_234, currency: 'KWD' });
  t.deepEqual(await units.opened(order, signal), { ok: false, reason });
  t.like(await units.refund(refund(Number.MAX_SAFE_INTEGER, 'ISK'), signal), { ok: false });
  t.deepEqual([opened, refunds], [[], []]);
});
