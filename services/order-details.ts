// The Moleculer service of `app/order-details.ts`.

import type { ServiceSchema } from 'moleculer';
import { type OrderDetailsOptions, OrderDetailsUseCases } from '../app/order-details.ts';
import { defineService } from './moleculer/define-service.ts';

export function orderDetailsService(options: OrderDetailsOptions): ServiceSchema {
  const details = new OrderDetailsUseCases(options);
  return defineService('details', {
    put: (params) => details.put(params),
    get: (params) => details.get(params),
    erase: (params) => details.erase(params),
  });
}
