// The commands a drop's actor takes and the answers it gives. Plain data: they cross the network
// between gateway and owner.

import { Type } from 'typebox';
import { DropPatch, DropTerms, type DropView } from './drops.ts';
import { ProvedPass } from './passes.ts';
import { KeyedRequest } from './requests.ts';
import { type OrderPayments, PaymentOutcome } from './payments.ts';
import {
  DropOrdersFilter,
  type DropOrdersSlice,
  OrderFilter,
  type OrderView,
  type PlacedOrder,
  RefundDetails,
} from './orders.ts';
import type { Plain } from './plain.ts';
import type { Outcome } from './refusals.ts';
import { count, dropId, id, textOrNull, userId } from './scalars.ts';

/** Who asks, for what only some may do. */
export const Caller = Type.Object({ userId, operator: Type.Boolean() });
export type Caller = Plain<typeof Caller>;

const orderId = id;
/**
 * The drop must have one of these revisions, or `precondition-failed` (H12). To be sent only from
 * feature level 3 on.
 */
const ifMatch = Type.Optional(Type.Array(count));
/** Of a caller who sent a key (H11). To be sent only from feature level 3 on. */
const request = Type.Optional(KeyedRequest);
/** Of a drop as a whole, by its creator or an operator. */
const change = { dropId, caller: Caller, ifMatch, request };

export const CreateDrop = Type.Object({
  type: Type.Literal('create-drop'),
  dropId,
  terms: DropTerms,
  stock: count,
  request,
  /** Of a draft that is announced: to be sent only from feature level 3 on. */
  revision: Type.Optional(count),
});
export type CreateDrop = Plain<typeof CreateDrop>;

export const AmendDrop = Type.Object({
  type: Type.Literal('amend-drop'),
  ...change,
  /**
   * `addStock` is in units; negative takes away, down to held + sold (S4). Price and `stock` are to
   * be sent only from feature level 2 on, who may buy from level 4 on.
   */
  ...DropPatch.properties,
  /** A live drop may end later: to be sent only from feature level 3 on. */
  mayExtend: Type.Optional(Type.Literal(true)),
});
export type AmendDrop = Plain<typeof AmendDrop>;

export const CancelDrop = Type.Object({
  type: Type.Literal('cancel-drop'),
  ...change,
  /** A drop that has ended, too (D3a): to be sent only from feature level 2 on. */
  alsoEnded: Type.Optional(Type.Literal(true)),
});
export type CancelDrop = Plain<typeof CancelDrop>;

/** To be sent only once the store has reached feature level 3: its event is of that level. */
export const PauseDrop = Type.Object({
  type: Type.Literal('pause-drop'),
  ...change,
  extendHolds: Type.Boolean(),
  reason: textOrNull,
});
export type PauseDrop = Plain<typeof PauseDrop>;

/** To be sent only once the store has reached feature level 3: its event is of that level. */
export const ResumeDrop = Type.Object({
  type: Type.Literal('resume-drop'),
  ...change,
});
export type ResumeDrop = Plain<typeof ResumeDrop>;

export const GetDrop = Type.Object({ type: Type.Literal('get-drop'), dropId });
export type GetDrop = Plain<typeof GetDrop>;

export const PlaceOrder = Type.Object({
  type: Type.Literal('place-order'),
  dropId,
  userId,
  /** The Idempotency-Key. */
  key: Type.String(),
  quantity: Type.Integer(),
  /** As in `OrderView`. To be sent only from feature level 3 on. */
  metadata: Type.Optional(Type.String()),
  /** To be sent only from feature level 4 on. */
  pass: Type.Optional(ProvedPass),
});
export type PlaceOrder = Plain<typeof PlaceOrder>;

export const GetOrder = Type.Object({
  type: Type.Literal('get-order'),
  dropId,
  orderId,
  userId,
});
export type GetOrder = Plain<typeof GetOrder>;

export const CancelOrder = Type.Object({
  type: Type.Literal('cancel-order'),
  dropId,
  orderId,
  caller: Caller,
  request,
});
export type CancelOrder = Plain<typeof CancelOrder>;

/** The order has details from now on. To be sent only from feature level 3 on. */
export const AddOrderDetails = Type.Object({
  type: Type.Literal('add-order-details'),
  dropId,
  orderId,
  caller: Caller,
});
export type AddOrderDetails = Plain<typeof AddOrderDetails>;

/** Details are to be sent only from feature level 3 on: `restock` says that it is reached. */
export const RefundOrder = Type.Object({
  type: Type.Literal('refund-order'),
  dropId,
  orderId,
  caller: Caller,
  ...RefundDetails.properties,
  request,
});
export type RefundOrder = Plain<typeof RefundOrder>;

/**
 * What the provider says of a payment, below feature level 2: a failure is final, and neither
 * amounts nor second payments are seen. From level 2 on it is `RecordPayment`.
 */
export const SettlePayment = Type.Object({
  type: Type.Literal('settle-payment'),
  dropId,
  orderId,
  succeeded: Type.Boolean(),
  /** The provider's reference for the payment. */
  reference: Type.String(),
});
export type SettlePayment = Plain<typeof SettlePayment>;

/**
 * What the provider says of one payment of an order (P2a to P4a). To be sent only once the store
 * has reached feature level 2: its events are of that level.
 */
export const RecordPayment = Type.Object({
  type: Type.Literal('record-payment'),
  dropId,
  orderId,
  /** The provider's reference for the payment. */
  reference: Type.String(),
  outcome: PaymentOutcome,
  /**
   * In the currency's minor unit: what was paid, or what was refunded of the payment in all. Null
   * where the provider does not say.
   */
  amount: Type.Union([count, Type.Null()]),
  /** ISO 4217. Null where the provider does not say. */
  currency: textOrNull,
});
export type RecordPayment = Plain<typeof RecordPayment>;

/**
 * The provider is ready to take the order's payment, under this reference: the time to pay begins.
 * Changes nothing where the hold has ended, or where another payment is prepared. To be sent only
 * once the store has reached feature level 3: its event is of that level.
 */
export const PreparePayment = Type.Object({
  type: Type.Literal('prepare-payment'),
  dropId,
  orderId,
  reference: Type.String(),
});
export type PreparePayment = Plain<typeof PreparePayment>;

/** The payments of an order, for its buyer, the drop's creator or an operator. From level 2 on. */
export const GetOrderPayments = Type.Object({
  type: Type.Literal('get-order-payments'),
  dropId,
  orderId,
  caller: Caller,
});
export type GetOrderPayments = Plain<typeof GetOrderPayments>;

/**
 * Some of a drop's orders, newest first, for its creator or an operator (O9a). From level 3 on. An
 * owner looks at a bounded number of orders, so the answer may have fewer than `limit`, and none at
 * all, before the list's end.
 */
export const ListOrders = Type.Object({
  type: Type.Literal('list-orders'),
  dropId,
  caller: Caller,
  filter: DropOrdersFilter,
  /** Only orders before this ordinal. Null: from the newest on. */
  before: Type.Union([count, Type.Null()]),
  limit: Type.Integer({ minimum: 1 }),
});
export type ListOrders = Plain<typeof ListOrders>;

/** Who has an order in a durably sold-out drop, for the gateway's own sold-out answers (H7). */
export const GetOrderFilter = Type.Object({
  type: Type.Literal('get-order-filter'),
  dropId,
  /** Owners that do not know it answer with a filter by user and key. */
  by: OrderFilter.properties.by,
});
export type GetOrderFilter = Plain<typeof GetOrderFilter>;

export const DropCommand = Type.Union([
  CreateDrop,
  AmendDrop,
  CancelDrop,
  PauseDrop,
  ResumeDrop,
  GetDrop,
  PlaceOrder,
  GetOrder,
  CancelOrder,
  AddOrderDetails,
  RefundOrder,
  SettlePayment,
  RecordPayment,
  PreparePayment,
  GetOrderPayments,
  ListOrders,
  GetOrderFilter,
]);
export type DropCommand = Plain<typeof DropCommand>;

/** What each command is answered with. */
export interface CommandAnswers {
  'create-drop': DropView;
  'amend-drop': DropView;
  'cancel-drop': DropView;
  'pause-drop': DropView;
  'resume-drop': DropView;
  'get-drop': DropView;
  'place-order': PlacedOrder;
  'get-order': OrderView;
  'cancel-order': OrderView;
  'add-order-details': OrderView;
  'refund-order': OrderView;
  'settle-payment': OrderView;
  'record-payment': OrderView;
  'prepare-payment': OrderView;
  'get-order-payments': OrderPayments;
  'list-orders': DropOrdersSlice;
  'get-order-filter': OrderFilter;
}
export type CommandAnswer = CommandAnswers[keyof CommandAnswers];
export type CommandReply = Outcome<CommandAnswer>;
export type ReplyTo<C extends DropCommand> = Outcome<CommandAnswers[C['type']]>;
