// `livedrops stripe-stand-in`: a stand-in of Stripe's API until a signal ends it.

import { once } from 'node:events';
import { loadStoredConfig } from '../../composition/config.ts';
import { StripeStandIn } from './stand-in.ts';

export interface StripeStandInOptions {
  readonly port: number;
  readonly webhook: string;
}

export async function stripeStandIn({ port, webhook }: StripeStandInOptions): Promise<void> {
  const { stripe } = loadStoredConfig({ signs: false });
  if (stripe === null)
    throw new Error('LIVEDROPS_PAYMENT_PROVIDER must be stripe, with its keys, as for the server');
  const standIn = new StripeStandIn({
    port,
    secretKey: stripe.secretKey,
    publishableKey: stripe.publishableKey ?? 'pk_test_stand_in',
    webhookSecret: stripe.webhookSecrets[0]!,
    webhookUrl: () => webhook,
  });
  process.stdout.write(`Stripe's stand-in ready on ${await standIn.start()}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await standIn.stop();
}
