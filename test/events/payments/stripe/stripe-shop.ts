// The Stripe driver and a stand-in of Stripe's API, for tests.

import type { ExecutionContext } from 'ava';
import { systemClock } from '../../../../actors/clock.ts';
import type { OrderView } from '../../../../contracts/orders.ts';
import type {
  PaymentProvider,
  PreparedPayments,
} from '../../../../events/payments/payment-provider.ts';
import { StripePaymentProvider } from '../../../../events/payments/stripe/payment-provider-stripe.ts';
import {
  StripeStandIn,
  type StandInOptions,
} from '../../../../operator/stripe-stand-in/stand-in.ts';
import { orderView } from '../../../services/harness.ts';

export const SECRET_KEY = 'sk_test_stand_in';
export const PUBLISHABLE_KEY = 'pk_test_stand_in';
export const WEBHOOK_SECRET = 'whsec_stand_in';

export interface Shop {
  readonly standIn: StripeStandIn;
  readonly provider: PaymentProvider & { readonly prepared: PreparedPayments };
  readonly api: string;
}

export async function openShop(
  t: Pick<ExecutionContext, 'teardown'>,
  options: Partial<StandInOptions> & {
    readonly key?: string;
  } = {},
): Promise<Shop> {
  const standIn = new StripeStandIn({
    port: 0,
    secretKey: SECRET_KEY,
    publishableKey: PUBLISHABLE_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => null,
    ...options,
  });
  const api = await standIn.start();
  t.teardown(() => standIn.stop());
  return { standIn, provider: driverOf(api, options.key), api };
}

export function driverOf(api: string, secretKey = SECRET_KEY): Shop['provider'] {
  return new StripePaymentProvider({
    secretKey,
    api: new URL(api),
    callsPerSecond: 10_000,
    nodes: () => 1,
    clock: systemClock,
  });
}

export const NEVER = new AbortController().signal;

/** The reference of a payment that the buyer can make. */
export async function prepare({ provider }: Shop, order: OrderView = orderView()): Promise<string> {
  const answer = await provider.prepared.prepare(order, NEVER);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.reference;
}

/** The buyer pays, with what the buyer's device has. Gives the status of the answer. */
export async function pay(
  { api, provider }: Shop,
  reference: string,
  method = 'pm_card_visa',
): Promise<number> {
  const secret = await provider.prepared.secretOf(reference, NEVER);
  const response = await fetch(`${api}/v1/payment_intents/${reference}/confirm`, {
    method: 'POST',
    headers: { authorization: `Bearer ${PUBLISHABLE_KEY}` },
    body: new URLSearchParams({ client_secret: secret ?? '', payment_method: method }),
  });
  await response.arrayBuffer();
  return response.status;
}
