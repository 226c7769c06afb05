// The Moleculer service of `app/payments.ts`.

import type { ServiceSchema } from 'moleculer';
import { Payments, type PaymentsOptions } from '../app/payments.ts';
import { defineService } from './moleculer/define-service.ts';

export function paymentsService(options: PaymentsOptions): ServiceSchema {
  const payments = new Payments(options);
  return defineService('payments', { webhook: (call) => payments.webhook(call) });
}
