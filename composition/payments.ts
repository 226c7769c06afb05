// The payment provider of a node: Stripe, or the development provider. Stripe's package is loaded
// only where it is used.

import type { Clock } from '../actors/clock.ts';
import { behaviourByAmount } from '../events/payments/development-payments.ts';
import type { PaymentProvider } from '../events/payments/payment-provider.ts';
import { DevelopmentPaymentProvider } from '../events/payments/payment-provider-development.ts';
import { type ProviderDigits, ProviderUnits } from '../events/payments/provider-units.ts';
import { STRIPE_DIGITS } from '../events/payments/stripe/stripe-digits.ts';
import type { StripeEvents } from '../events/payments/stripe/stripe-events.ts';
import type { WarningLog } from '../events/warning-log.ts';
import type { Config } from './config.ts';

export interface NodePayments {
  readonly provider: PaymentProvider;
  /** Null where payments are not made with Stripe. */
  readonly stripeEvents: StripeEvents | null;
  stop(): Promise<void>;
}

export interface NodePaymentsOptions {
  readonly config: Config;
  /** The address of this node's gateway. Read at each call. */
  readonly url: () => string;
  /** How many nodes call the provider. Read at each call. */
  readonly nodes: () => number;
  readonly clock: Clock;
  readonly log: WarningLog;
}

export async function openPayments(options: NodePaymentsOptions): Promise<NodePayments> {
  const { config, url, nodes, clock, log } = options;
  const digits = digitsOf(config);
  if (config.stripe !== null) {
    const { secretKey, webhookSecrets, callsPerSecond, api } = config.stripe;
    const [{ StripePaymentProvider }, { StripeEvents }] = await Promise.all([
      import('../events/payments/stripe/payment-provider-stripe.ts'),
      import('../events/payments/stripe/stripe-events.ts'),
    ]);
    const stripe = { secretKey, api: new URL(api), callsPerSecond };
    const provider = new StripePaymentProvider({ ...stripe, nodes, clock });
    return {
      provider: new ProviderUnits({ provider, digits }),
      stripeEvents: new StripeEvents({ secrets: webhookSecrets }),
      stop: async () => undefined,
    };
  }
  const provider = new DevelopmentPaymentProvider({
    webhookUrl: () => {
      if (config.paymentWebhookUrl !== null) return config.paymentWebhookUrl;
      if (config.roles.includes('gateway')) return `${url()}/v1/payments/webhook`;
      throw new Error('this node has no gateway, and LIVEDROPS_PAYMENT_WEBHOOK_URL is not set');
    },
    secret: config.paymentSecrets[0]!,
    settleAfterMs: config.paymentSettleAfterMs,
    behaviour: (order) =>
      config.paymentSettleAs === 'by-amount' ? behaviourByAmount(order) : config.paymentSettleAs,
    answerRefund: () => config.paymentRefundsAs,
    clock,
    log,
  });
  return {
    provider: new ProviderUnits({ provider, digits }),
    stripeEvents: null,
    stop: () => provider.stop(),
  };
}

/** Where the provider counts otherwise than ISO 4217: as Stripe does, and as is configured. */
export function digitsOf({ stripe, paymentDigits }: Config): ProviderDigits {
  return stripe === null ? paymentDigits : new Map([...STRIPE_DIGITS, ...paymentDigits]);
}
