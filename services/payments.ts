// The Moleculer service of `app/payments.ts` and `app/buyer-payments.ts`.

import type { ServiceSchema } from 'moleculer';
import { BuyerPayments, type BuyerPaymentsOptions } from '../app/buyer-payments.ts';
import { Payments, type PaymentsOptions } from '../app/payments.ts';
import { defineService } from './moleculer/define-service.ts';

export function paymentsService(options: PaymentsOptions & BuyerPaymentsOptions): ServiceSchema {
  const payments = new Payments(options);
  const ofBuyers = new BuyerPayments(options);
  return defineService('payments', {
    webhook: (call) => payments.webhook(call),
    stripeWebhook: (call) => payments.stripeWebhook(call),
    ofBuyer: (params) => ofBuyers.ofBuyer(params),
    settleInDevelopment: (params) => ofBuyers.settleInDevelopment(params),
  });
}
