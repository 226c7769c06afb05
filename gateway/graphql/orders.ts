// Orders and their payments, for buyers and for those who sold.

import { DropOrdersBody, DropOrdersQuery, OrderBody } from '../../contracts/orders.ts';
import { OrderDetails } from '../../contracts/order-details.ts';
import { BuyerPaymentBody, OrderPaymentsBody } from '../../contracts/payments.ts';
import { idOf, type Row } from './builder.ts';
import { type Catalogue, optionalId } from './catalogue.ts';
import { connectionOf, pageArgs } from './connections.ts';
import { COSTS, costOfList } from './costs.ts';
import { addMutation } from './mutations.ts';
import { restId } from './node-ids.ts';
import type { Parts } from './parts.ts';

/** Refusals that say that a part of an order is not there. */
const NOTHING = ['not-found', 'order-not-payable'] as const;

export function addOrders({ builder, shapes }: Parts, { drop }: Catalogue) {
  const order = builder.objectRef<Row>('Order');
  const ofOrder = (row: Row, part: string) => `/v1/orders/${idOf(row)}/${part}`;
  builder.node(order, {
    id: { resolve: idOf },
    loadOne: (id, { orders }) => orders.load(id),
    brandLoadedObjects: true,
    fields: (t) => ({
      restId: t.string({ description: 'The id that REST has.', resolve: idOf }),
      ...shapes.fieldsOf(t, OrderBody, ['id', 'dropId', 'userId']),
      userId: t.string({
        description: 'The buyer’s id, as REST has it.',
        resolve: (row) => String(row['userId']),
      }),
      drop: t.field({
        type: drop,
        nullable: true,
        complexity: COSTS.loaded,
        resolve: (row, _, { drops }) => drops.load(String(row['dropId'])),
      }),
      payments: t.field({
        type: shapes.objectOf(OrderPaymentsBody),
        nullable: true,
        complexity: COSTS.read,
        description: 'Payments and refunds, for the buyer, the drop’s creator and operators.',
        resolve: (row, _, context) => context.find(ofOrder(row, 'payments')),
      }),
      checkout: t.field({
        type: shapes.objectOf(BuyerPaymentBody),
        nullable: true,
        complexity: COSTS.read,
        description: 'What the buyer needs to pay for it; null where nothing is to be paid.',
        resolve: (row, _, context) => context.find(ofOrder(row, 'payment'), NOTHING),
      }),
      details: t.field({
        type: shapes.objectOf(OrderDetails),
        nullable: true,
        complexity: COSTS.read,
        description: 'Where it goes, for the buyer, the drop’s creator and operators.',
        resolve: (row, _, context) => context.find(ofOrder(row, 'details')),
      }),
    }),
  });
  const ofDrop = builder.connectionObject(
    {
      type: order,
      name: 'DropOrderConnection',
      fields: (t) => shapes.fieldsOf(t, DropOrdersBody, ['items', 'nextCursor']),
    },
    { name: 'DropOrderEdge' },
  );
  builder.objectField(drop, 'orders', (t) =>
    t.field({
      type: ofDrop,
      nullable: true,
      complexity: costOfList,
      description: 'Newest first, for the drop’s creator and operators.',
      args: {
        ...pageArgs(t.arg),
        status: t.arg({ type: shapes.enumOf(DropOrdersQuery.properties.status) }),
        userId: t.arg.id(),
        since: t.arg({ type: 'DateTime', description: 'placed at this time or later' }),
        until: t.arg({ type: 'DateTime', description: 'placed before this time' }),
        disputed: t.arg.boolean(),
      },
      resolve: (row, { status, userId, since, until, disputed, ...args }, context) =>
        connectionOf(context, `/v1/drops/${idOf(row)}/orders`, args, {
          status,
          user_id: optionalId('User', userId),
          since,
          until,
          disputed,
        }),
    }),
  );
  builder.queryField('order', (t) =>
    t.field({
      type: order,
      nullable: true,
      complexity: COSTS.loaded,
      description: 'An order of one’s own.',
      extensions: { rest: { access: 'user', rateClass: null } },
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { orders }) => orders.load(restId('Order', id)),
    }),
  );
  return order;
}

export function addOrderMutations(parts: Parts, order: unknown, job: unknown): void {
  const ids = [['orderId', 'Order']] as const;
  const ofDrop = [['dropId', 'Drop']] as const;
  const payload = { name: 'order', type: order } as const;
  addMutation(parts, {
    name: 'placeOrder',
    route: 'POST /v1/drops/{id}/orders',
    ids: ofDrop,
    payload,
    perform: (context, { ids: [dropId], body, headers }) =>
      context.placeOrder(dropId!, body, headers['idempotency-key'] ?? ''),
  });
  addMutation(parts, {
    name: 'cancelOrder',
    route: 'POST /v1/orders/{id}/cancel',
    ids,
    payload,
  });
  addMutation(parts, {
    name: 'refundOrder',
    route: 'POST /v1/orders/{id}/refund',
    ids,
    payload,
  });
  addMutation(parts, {
    name: 'refundOrders',
    route: 'POST /v1/drops/{id}/refunds',
    ids: ofDrop,
    payload: { name: 'job', type: job },
  });
  addMutation(parts, {
    name: 'putOrderDetails',
    route: 'PUT /v1/orders/{id}/details',
    ids,
    payload: { name: 'details', type: parts.shapes.objectOf(OrderDetails) },
  });
  addMutation(parts, {
    name: 'eraseOrderDetails',
    route: 'DELETE /v1/users/me/order-details',
  });
}
