// The Moleculer service of `app/orders.ts`.

import type { ServiceSchema } from 'moleculer';
import { Orders, type OrdersOptions } from '../app/orders.ts';
import { defineService } from './moleculer/define-service.ts';

export function ordersService(options: OrdersOptions): ServiceSchema {
  const orders = new Orders(options);
  return defineService('orders', {
    list: (params) => orders.list(params),
    get: (params) => orders.get(params),
    payments: (params) => orders.payments(params),
    cancel: (params) => orders.cancel(params),
    refund: (params) => orders.refund(params),
  });
}
