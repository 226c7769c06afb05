// The routes of a drop's orders for its creator and operators (O9a): a list, and all as a file.

import type { OrderExports } from '../../app/order-exports.ts';
import {
  DropOrdersBody,
  DropOrdersFilter,
  DropOrdersQuery,
  type ExportFormat,
  ExportLine,
  ExportQuery,
} from '../../contracts/orders.ts';
import { reader } from '../../contracts/wire.ts';
import {
  type BodyStream,
  JSON_MEDIA_TYPE,
  type Reply,
  type Route,
  textReply,
  userRoute,
  NDJSON_MEDIA_TYPE,
} from '../http/route.ts';
import { dropOrdersJson } from '../present.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { pageRequest } from './paging.ts';

const TAG = 'orders';

export const CSV_MEDIA_TYPE = 'text/csv; charset=utf-8; header=present';

const filterOf = reader(DropOrdersFilter);

export interface DropOrderRoutesOptions {
  /** The `payment.provider` of orders. */
  readonly paymentProvider: string;
  /** Null where nothing is exported. */
  readonly exports: OrderExports | null;
  readonly exportSlots: StreamSlots;
}

export function dropOrderRoutes(options: DropOrderRoutesOptions): Route[] {
  const { paymentProvider, exports, exportSlots } = options;
  return [
    ...(exports === null ? [] : [exportRoute(exports, exportSlots)]),
    userRoute(
      {
        method: 'GET',
        path: '/v1/drops/{id}/orders',
        summary: 'A drop’s orders, newest first, for its creator and operators.',
        tag: TAG,
        access: 'user',
        action: 'orders.ofDrop',
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

function exportRoute(exports: OrderExports, slots: StreamSlots): Route {
  return userRoute(
    {
      method: 'GET',
      path: '/v1/drops/{id}/orders/export',
      summary:
        'All orders of a drop as a file, as of one version, oldest first, for its creator and ' +
        'operators: CSV, or NDJSON with `format=ndjson`.',
      tag: TAG,
      access: 'user',
      rateClass: 'reads',
      action: 'orders.export',
      query: ExportQuery,
      status: 200,
      response: ExportLine,
      responseMediaType: NDJSON_MEDIA_TYPE,
      otherMediaTypes: { [CSV_MEDIA_TYPE]: null },
      refusals: ['not-found', 'forbidden', 'overloaded', 'unavailable'],
    },
    async ({ caller, id: dropId, query, isValid }) => {
      const { format = 'csv' } = query;
      const slot = slots.take(caller.userId);
      if (!slot.ok) return slot;
      let opened: Awaited<ReturnType<OrderExports['open']>> | null = null;
      try {
        opened = await exports.open({ caller, dropId, format });
      } finally {
        if (opened?.ok !== true) slot.release();
      }
      if (!opened.ok) return opened;
      const { version, orders, chunks, close } = opened.value;
      const end = () => {
        close();
        slot.release();
      };
      const body = { chunks, isWhole: true, isAllowed: isValid, close: end };
      return exportReply({ dropId, format, version, orders }, body);
    },
  );
}

export interface ExportedFile {
  readonly dropId: string;
  readonly format: ExportFormat;
  readonly version: number;
  readonly orders: number;
}

/** The reply that has a file of orders. */
export function exportReply(
  { dropId, format, version, orders }: ExportedFile,
  body: BodyStream,
): Reply {
  const name = `orders-${dropId}-v${version}.${format}`;
  return {
    ok: true,
    status: 200,
    mediaType: format === 'csv' ? CSV_MEDIA_TYPE : NDJSON_MEDIA_TYPE,
    body,
    headers: [
      ['content-disposition', `attachment; filename="${name}"`],
      ['drop-version', String(version)],
      ['order-count', String(orders)],
    ],
  };
}
