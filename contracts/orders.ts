// Orders: what is sent to place one, and what readers see of it.

import { Type } from 'typebox';
import { ORDER_QUANTITY_MAX, SELLER_REASON_LENGTH_MAX } from './bounds.ts';
import { Metadata } from './metadata.ts';
import { EXPORT_FORMATS } from './export-formats.ts';
import { OrderDetails } from './order-details.ts';
import { list, paging } from './paging.ts';
import { LINE } from './patterns.ts';
import { passText } from './passes.ts';
import { PaymentReadiness } from './payments.ts';
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
    /**
     * Details of the order were given (`contracts/order-details.ts`); the buyer may have erased
     * them since. Absent: none were.
     */
    hasDetails: Type.Optional(Type.Literal(true)),
    /**
     * Of `totalAmount`, so far. Absent where nothing is, and where everything was refunded at once:
     * the status says so.
     */
    refundedAmount: Type.Optional(count),
    /** Of `quantity`: units that are the buyer's no more. Absent where there are none. */
    refundedQuantity: Type.Optional(count),
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
  /** True: only those with a payment that is or was disputed. */
  disputed: Type.Optional(Type.Boolean()),
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

/** What of an order is to be refunded; without anything all that is left. */
export const RefundDetails = Type.Object(
  {
    amount: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'in the currency’s minor unit; by default the price of `quantity`, or all that is left',
      }),
    ),
    quantity: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: ORDER_QUANTITY_MAX,
        description:
          'units that the buyer gives back; by default none where only a part of the money is ' +
          'refunded, else all',
      }),
    ),
    restock: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'whether these units are on sale again; otherwise they leave the drop',
      }),
    ),
    reason: Type.Optional(
      Type.String({
        maxLength: SELLER_REASON_LENGTH_MAX,
        pattern: LINE,
        description:
          'shown to the buyer, kept for good, and given to the payment provider: nothing personal',
      }),
    ),
  },
  { ...STRICT, title: 'RefundDetails' },
);
export type RefundDetails = Plain<typeof RefundDetails>;

// On the wire

export const NewOrder = Type.Object(
  {
    quantity: Type.Integer({ minimum: 1, maximum: ORDER_QUANTITY_MAX }),
    metadata: Type.Optional(Metadata),
    pass: Type.Optional(passText),
  },
  { ...STRICT, title: 'NewOrder' },
);
export const OrderHeaders = Type.Object({ 'Idempotency-Key': IdempotencyKey });

const { version, refundRequested, refundedAmount, refundedQuantity, ...begin } =
  wire(OrderView).properties;
/** Who takes the payment, and under which reference. */
export const OrderPayment = Type.Object({
  provider: Type.String(),
  reference: Type.String(),
  /** Of a reserved order, where the provider prepares payments. */
  status: Type.Optional(PaymentReadiness),
});
export const OrderBody = Type.Object(
  {
    ...begin,
    payment: Type.Optional(OrderPayment),
    refundRequested,
    metadata: Type.Optional(Metadata),
    refundedAmount,
    refundedQuantity,
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
    disputed: Type.Optional(
      Type.Boolean({ description: 'true: those with a payment that is or was disputed' }),
    ),
    ...paging,
  },
  STRICT,
);
export const DropOrdersBody = Type.Object(
  { ...OrderPage.properties, version: count },
  { title: 'DropOrdersPage' },
);

export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export const ExportQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...EXPORT_FORMATS], { type: 'string', default: EXPORT_FORMATS[0] }),
    ),
  },
  STRICT,
);
/** The first line of an export as NDJSON. Each further line is an `ExportedOrder`. */
export const ExportHead = Type.Object(
  {
    kind: Type.Literal('export'),
    dropId: id,
    version: Type.Integer({ minimum: 1, description: 'the drop’s version that the orders show' }),
    orders: Type.Integer({ minimum: 0, description: 'how many lines follow' }),
  },
  { title: 'ExportHead' },
);
/** A file that a job made has no details (O14). */
const ExportedOrder = Type.Object(
  { ...OrderBody.properties, details: Type.Optional(OrderDetails) },
  { title: 'ExportedOrder' },
);
export const ExportLine = Type.Union([ExportHead, ExportedOrder], { title: 'ExportLine' });
