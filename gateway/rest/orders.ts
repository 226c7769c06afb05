// The routes of placed orders: read, list, cancel and refund (O9, O12). The order path places
// orders; its definition is here for OpenAPI and for 405.

import { orderJson, orderPageJson, orderPaymentsBody } from '../present.ts';
import {
  NewOrder,
  OrderBody,
  OrderHeaders,
  OrderPage,
  type OrderView,
  RefundDetails,
} from '../../contracts/orders.ts';
import { PageQuery } from '../../contracts/paging.ts';
import { OrderPaymentsBody } from '../../contracts/payments.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { JSON_MEDIA_TYPE, jsonReply, type Route, textReply, userRoute } from '../http/route.ts';
import { PROVE_ORDER } from './operator-ledger.ts';
import { pageRequest } from './paging.ts';

const TAG = 'orders';

export interface OrderRoutesOptions {
  /** The `payment.provider` of orders. */
  readonly paymentProvider: string;
}

export const PLACE_ORDER: Route = {
  definition: {
    method: 'POST',
    path: '/v1/drops/{id}/orders',
    summary:
      'Order units of a live drop. ' +
      'Send the same Idempotency-Key again to get the first order again.',
    tag: TAG,
    access: 'user',
    rateClass: 'orders',
    headers: OrderHeaders,
    body: NewOrder,
    status: 201,
    response: OrderBody,
    refusals: [
      'sold-out',
      'insufficient-stock',
      'drop-not-live',
      'drop-ended',
      'drop-paused',
      'pass-required',
      'pass-invalid',
      'pass-not-yet',
      'pass-used',
      'limit-per-user',
      'banned',
      'idempotency-key-missing',
      'idempotency-key-reused',
      'not-found',
      'overloaded',
      'unavailable',
    ],
  },
  handle: null,
};

export function orderRoutes({ paymentProvider }: OrderRoutesOptions): Route[] {
  const reply = (order: Outcome<OrderView>) =>
    order.ok ? textReply(200, JSON_MEDIA_TYPE, orderJson(order.value, paymentProvider)) : order;
  return [
    PLACE_ORDER,
    PROVE_ORDER,
    userRoute(
      {
        method: 'GET',
        path: '/v1/orders/{id}',
        summary: 'An order of one’s own.',
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        status: 200,
        response: OrderBody,
        refusals: ['not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id }) => {
        return reply(await call('orders.get', { caller, orderId: id }));
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/orders/{id}/payments',
        summary:
          'The payments and refunds of an order, for its buyer, the drop’s creator and operators.',
        tag: TAG,
        access: 'user',
        action: 'orders.payments',
        rateClass: 'reads',
        status: 200,
        response: OrderPaymentsBody,
        refusals: ['not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id }) => {
        const payments = await call('orders.payments', { caller, orderId: id });
        return payments.ok ? jsonReply(200, orderPaymentsBody(payments.value)) : payments;
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/orders',
        summary: 'The caller’s orders, newest first.',
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        query: PageQuery,
        status: 200,
        response: OrderPage,
        refusals: ['unavailable'],
      },
      async ({ call, caller, query }) => {
        const page = await call('orders.list', { userId: caller.userId, page: pageRequest(query) });
        if (!page.ok) return page;
        return textReply(200, JSON_MEDIA_TYPE, orderPageJson(page.value, paymentProvider));
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/orders/{id}/cancel',
        summary: 'Cancel a reserved order of one’s own.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        keyed: true,
        status: 200,
        response: OrderBody,
        refusals: [
          'not-found',
          'order-not-cancellable',
          'hold-expired',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller, id: orderId, request }) => {
        return reply(await call('orders.cancel', { caller, orderId, request }));
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/orders/{id}/refund',
        summary:
          'Refund a confirmed order, or a part of it, as the drop’s creator or an operator. ' +
          'Without a body everything that is left is refunded, and the units are on sale again.',
        tag: TAG,
        access: 'user',
        action: 'orders.refund',
        rateClass: 'writes',
        keyed: true,
        body: RefundDetails,
        bodyOptional: true,
        status: 200,
        response: OrderBody,
        refusals: ['not-found', 'forbidden', 'order-not-refundable', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id: orderId, body: details, request }) => {
        return reply(await call('orders.refund', { caller, orderId, details, request }));
      },
    ),
  ];
}
