// The orders service: a user's own orders out of the read model (O9). Placing, reading and changing
// one order is the drop's actor's.

import type { ServiceSchema } from 'moleculer';
import { success } from '../domain/refusal.ts';
import type { OrderListStore } from '../storage/ports/order-list.ts';
import { defineService } from './moleculer/define-service.ts';

export interface OrdersServiceOptions {
  readonly orderList: OrderListStore;
}

export function ordersService({ orderList }: OrdersServiceOptions): ServiceSchema {
  return defineService('orders', {
    async list({ userId, page }) {
      return success(await orderList.listByUser(userId, page));
    },
  });
}
