// The routes of orders' details: the buyer's address and the like, for whoever delivers (O14).

import { OrderDetails } from '../../contracts/order-details.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';

const TAG = 'orders';

export function orderDetailsRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'PUT',
        path: '/v1/orders/{id}/details',
        summary: 'Say where an order of one’s own goes: replaces what was said before.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        body: OrderDetails,
        status: 200,
        response: OrderDetails,
        refusals: ['not-found', 'order-over', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id, body }) => {
        const put = await call('details.put', { caller, orderId: id, details: body });
        return put.ok ? jsonReply(200, put.value) : put;
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/orders/{id}/details',
        summary: 'The details of an order, for its buyer, the drop’s creator and operators.',
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        action: 'details.get',
        status: 200,
        response: OrderDetails,
        refusals: ['not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id }) => {
        const details = await call('details.get', { caller, orderId: id });
        return details.ok ? jsonReply(200, details.value) : details;
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: '/v1/users/me/order-details',
        summary: 'Erase the details of all orders of one’s own, for good.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller }) => {
        const erased = await call('details.erase', { caller });
        return erased.ok ? emptyReply(204) : erased;
      },
    ),
  ];
}
