// The Moleculer service of `app/orders.ts`, `app/drop-orders.ts` and `app/ledger-proofs.ts`.

import type { ServiceSchema } from 'moleculer';
import { DropOrders, type DropOrdersOptions } from '../app/drop-orders.ts';
import { LedgerProofs, type LedgerProofsOptions } from '../app/ledger-proofs.ts';
import { Orders, type OrdersOptions } from '../app/orders.ts';
import { defineService } from './moleculer/define-service.ts';

export function ordersService(
  options: OrdersOptions & DropOrdersOptions & LedgerProofsOptions,
): ServiceSchema {
  const proofs = new LedgerProofs(options);
  const orders = new Orders(options);
  const dropOrders = new DropOrders(options);
  return defineService('orders', {
    list: (params) => orders.list(params),
    ofDrop: (params) => dropOrders.list(params),
    get: (params) => orders.get(params),
    payments: (params) => orders.payments(params),
    prove: ({ caller, orderId }) => proofs.ofOrder(orderId, caller.userId),
    cancel: (params) => orders.cancel(params),
    refund: (params) => orders.refund(params),
  });
}
