// The routes of a drop's orders for its creator and operators (O9a).

import { DropOrdersBody, DropOrdersFilter, DropOrdersQuery } from '../../contracts/orders.ts';
import { reader } from '../../contracts/wire.ts';
import { JSON_MEDIA_TYPE, type Route, textReply, userRoute } from '../http/route.ts';
import { dropOrdersJson } from '../present.ts';
import { pageRequest } from './paging.ts';

const TAG = 'orders';

const filterOf = reader(DropOrdersFilter);

export interface DropOrderRoutesOptions {
  /** The `payment.provider` of orders. */
  readonly paymentProvider: string;
}

export function dropOrderRoutes({ paymentProvider }: DropOrderRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'GET',
        path: '/v1/drops/{id}/orders',
        summary: 'A drop’s orders, newest first, for its creator and operators.',
        tag: TAG,
        access: 'user',
        keyUse: 'orders.ofDrop',
        rateClass: 'reads',
        query: DropOrdersQuery,
        status: 200,
        response: DropOrdersBody,
        refusals: ['not-found', 'forbidden', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id: dropId, query }) => {
        const { limit: _limit, cursor: _cursor, user_id: userId, ...rest } = query;
        const filter = filterOf({ ...rest, ...(userId !== undefined && { userId }) });
        const page = pageRequest(query);
        const listed = await call('orders.ofDrop', { caller, dropId, filter, page });
        if (!listed.ok) return listed;
        return textReply(200, JSON_MEDIA_TYPE, dropOrdersJson(listed.value, paymentProvider));
      },
    ),
  ];
}
