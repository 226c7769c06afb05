// What every payment provider keeps (the port's promises), run on each driver.

import type { ExecutionContext, TestFn } from 'ava';
import type { OrderView } from '../../../contracts/orders.ts';
import type { PaymentProvider, Refund } from '../../../events/payments/payment-provider.ts';
import { refundId } from '../../../events/payments/refunds.ts';
import { orderView } from '../../services/harness.ts';

export interface ProviderUnderTest {
  readonly provider: PaymentProvider;
  /** How many payments the provider has for an order. */
  readonly paymentsOf: (orderId: string) => number;
  /** The buyer pays for the order. Resolves to the payment's reference once it is taken. */
  readonly pay: (order: OrderView) => Promise<string>;
  /** The amounts that were paid back, in their order. */
  readonly refunds: () => readonly number[];
}

const { signal } = new AbortController();

export function providerContract(
  test: TestFn,
  name: string,
  open: (t: ExecutionContext) => Promise<ProviderUnderTest>,
): void {
  const openPayment = async (provider: PaymentProvider, order: OrderView) =>
    provider.prepared === undefined
      ? await provider.opened(order, signal)
      : await provider.prepared.prepare(order, signal);

  test(`${name}: R5: an order opened twice has one payment, and each order its own`, async (t) => {
    const { provider, paymentsOf } = await open(t);
    for (const id of ['d_1-0', 'd_1-0', 'd_1-1'])
      t.true((await openPayment(provider, orderView({ id }))).ok);
    t.deepEqual([paymentsOf('d_1-0'), paymentsOf('d_1-1'), paymentsOf('d_1-2')], [1, 1, 0]);
  });

  test(`${name}: R5: the reference of an order is derived from its id`, async (t) => {
    const { provider } = await open(t);
    t.is(provider.reference('d_1-7'), 'pay_d_1-7');
  });

  test(`${name}: R5, P4: refunds are made once for each id, however often they are asked for`, async (t) => {
    const { provider, pay, refunds } = await open(t);
    const order = orderView();
    const reference = await pay(order);
    const refund: Refund = {
      id: refundId(order.id, reference, 1),
      orderId: order.id,
      reference,
      amount: 1_000,
      currency: 'EUR',
      reason: 'A scratch.',
    };
    const other = { ...refund, id: refundId(order.id, reference, 2), amount: 500, reason: null };
    for (const one of [refund, refund, other, refund, other])
      t.deepEqual(await provider.refund(one, signal), { ok: true });
    t.deepEqual(refunds(), [1_000, 500]);
  });

  test(`${name}: R5: payments of different orders are refunded apart`, async (t) => {
    const { provider, pay, refunds } = await open(t);
    for (const id of ['d_1-0', 'd_1-1']) {
      const order = orderView({ id });
      const reference = await pay(order);
      const about = { id: refundId(id, reference), orderId: id, reference };
      const refund = { ...about, amount: 2_500, currency: 'EUR', reason: null };
      t.deepEqual(await provider.refund(refund, signal), { ok: true });
    }
    t.deepEqual(refunds(), [2_500, 2_500]);
  });
}
