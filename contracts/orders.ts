// Orders: what is sent to place one, and what readers see of it.

import { Type } from 'typebox';
import { ORDER_QUANTITY_MAX } from './bounds.ts';
import { list, paging } from './paging.ts';
import { Metadata } from './metadata.ts';
import type { Plain } from './plain.ts';
import { IdempotencyKey } from './requests.ts';
import { count, currencyCode, id, STRICT, textOrNull, time, userId } from './scalars.ts';
import { absentIfFalse, absentIfNull, inside, wire, wireTime } from './wire.ts';

export const OrderStatus = Type.Union([
  Type.Literal('reserved'),
  Type.Literal('confirmed'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
  Type.Literal('expired'),
  Type.Literal('refunded'),
]);
export type OrderStatus = Plain<typeof OrderStatus>;

export const OrderView = Type.Object(
  {
    /** Carries the drop: see `domain/ids.ts`. */
    id,
    dropId: id,
    userId,
    quantity: count,
    status: OrderStatus,
    totalAmount: count,
    currency: currencyCode,
    createdAt: time,
    /** End of the hold; null where nothing is or was held. */
    holdExpiresAt: absentIfNull(time),
    /** The provider's reference; null for instant payment. On the wire it is in `payment`. */
    paymentReference: inside(textOrNull),
    refundRequested: absentIfFalse(),
    /** `Metadata` as `metadataText` writes it; absent without any. */
    metadata: inside(Type.Optional(Type.String())),
    /** The drop's version at this order's last change. */
    version: count,
  },
  { title: 'Order' },
);
export type OrderView = Plain<typeof OrderView>;

/** An order, and whether it is an earlier one given again for the same key (O3). */
export const PlacedOrder = Type.Object({ order: OrderView, replayed: Type.Boolean() });
export type PlacedOrder = Plain<typeof PlacedOrder>;

/** Which of a drop's orders a list has (O9a). */
export const DropOrdersFilter = Type.Object({
  status: Type.Optional(OrderStatus),
  userId: Type.Optional(userId),
  /** Placed at this time or later. */
  since: Type.Optional(time),
  /** Placed before this time. */
  until: Type.Optional(time),
});
export type DropOrdersFilter = Plain<typeof DropOrdersFilter>;

/** Some orders of a drop, newest first, all as of one version of the drop. */
export interface DropOrdersSlice {
  readonly items: readonly OrderView[];
  /** Where the list goes on: with orders before this ordinal. Null at its end. */
  readonly before: number | null;
  readonly version: number;
}

export interface DropOrdersPage {
  readonly items: readonly OrderView[];
  readonly nextCursor: string | null;
  /** The drop's version that the page shows. */
  readonly version: number;
}

/**
 * Who has an order in a drop, for the gateway's own sold-out answers: see `domain/order-filter.ts`.
 */
export const OrderFilter = Type.Object({
  version: count,
  /** Absent: by the pairs of user and key, for gateways that do not ask for one by user. */
  by: Type.Optional(Type.Literal('user')),
  /** A bit for each fingerprint modulo the number of bits, which is a power of two. */
  bitmap: Type.Unsafe<Uint8Array>({}),
});
export type OrderFilter = Plain<typeof OrderFilter>;

// On the wire

export const NewOrder = Type.Object(
  {
    quantity: Type.Integer({ minimum: 1, maximum: ORDER_QUANTITY_MAX }),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'NewOrder' },
);
export const OrderHeaders = Type.Object({ 'Idempotency-Key': IdempotencyKey });

const { version, refundRequested, ...begin } = wire(OrderView).properties;
/** Who takes the payment, and under which reference. */
export const OrderPayment = Type.Object({ provider: Type.String(), reference: Type.String() });
export const OrderBody = Type.Object(
  {
    ...begin,
    payment: Type.Optional(OrderPayment),
    refundRequested,
    metadata: Type.Optional(Metadata),
    version,
  },
  { title: 'Order' },
);
export const OrderPage = list(OrderBody, 'OrderPage');
export const DropOrdersQuery = Type.Object(
  {
    status: Type.Optional(OrderStatus),
    user_id: Type.Optional(userId),
    since: Type.Optional({ ...wireTime, description: 'placed at this time or later' }),
    until: Type.Optional({ ...wireTime, description: 'placed before this time' }),
    ...paging,
  },
  STRICT,
);
export const DropOrdersBody = Type.Object(
  { ...OrderPage.properties, version: count },
  { title: 'DropOrdersPage' },
);
