// The Moleculer service of `app/orders.ts` and `app/drop-orders.ts`.

import type { ServiceSchema } from 'moleculer';
import { DropOrders, type DropOrdersOptions } from '../app/drop-orders.ts';
import { Orders, type OrdersOptions } from '../app/orders.ts';
import { defineService } from './moleculer/define-service.ts';

export function ordersService(options: OrdersOptions & DropOrdersOptions): ServiceSchema {
  const orders = new Orders(options);
  const dropOrders = new DropOrders(options);
  return defineService('orders', {
    list: (params) => orders.list(params),
    ofDrop: (params) => dropOrders.list(params),
    get: (params) => orders.get(params),
    payments: (params) => orders.payments(params),
    cancel: (params) => orders.cancel(params),
    refund: (params) => orders.refund(params),
  });
}
