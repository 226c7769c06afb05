// The commands a drop's actor takes and the answers it gives. Plain data: they cross the network
// between gateway and owner.

import { Type } from 'typebox';
import { DropPatch, DropTerms, type DropView } from './drops.ts';
import type { OrderFilter, OrderView, PlacedOrder } from './orders.ts';
import type { Plain } from './plain.ts';
import type { Outcome } from './refusals.ts';
import { count, dropId, id, userId } from './scalars.ts';

/** Who asks, for what only some may do. */
export const Caller = Type.Object({ userId, operator: Type.Boolean() });
export type Caller = Plain<typeof Caller>;

const orderId = id;

export const CreateDrop = Type.Object({
  type: Type.Literal('create-drop'),
  dropId,
  terms: DropTerms,
  stock: count,
});
export type CreateDrop = Plain<typeof CreateDrop>;

export const AmendDrop = Type.Object({
  type: Type.Literal('amend-drop'),
  dropId,
  caller: Caller,
  /** `addStock` is in units; negative takes away, down to held + sold (S4). */
  ...DropPatch.properties,
});
export type AmendDrop = Plain<typeof AmendDrop>;

export const CancelDrop = Type.Object({
  type: Type.Literal('cancel-drop'),
  dropId,
  caller: Caller,
});
export type CancelDrop = Plain<typeof CancelDrop>;

export const GetDrop = Type.Object({ type: Type.Literal('get-drop'), dropId });
export type GetDrop = Plain<typeof GetDrop>;

export const PlaceOrder = Type.Object({
  type: Type.Literal('place-order'),
  dropId,
  userId,
  /** The Idempotency-Key. */
  key: Type.String(),
  quantity: Type.Integer(),
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
});
export type CancelOrder = Plain<typeof CancelOrder>;

export const RefundOrder = Type.Object({
  type: Type.Literal('refund-order'),
  dropId,
  orderId,
  caller: Caller,
});
export type RefundOrder = Plain<typeof RefundOrder>;

export const SettlePayment = Type.Object({
  type: Type.Literal('settle-payment'),
  dropId,
  orderId,
  succeeded: Type.Boolean(),
  /** The provider's reference for the payment. */
  reference: Type.String(),
});
export type SettlePayment = Plain<typeof SettlePayment>;

/** Which orders a durably sold-out drop has, for the gateway's own sold-out answers (H7). */
export const GetOrderFilter = Type.Object({ type: Type.Literal('get-order-filter'), dropId });
export type GetOrderFilter = Plain<typeof GetOrderFilter>;

export const DropCommand = Type.Union([
  CreateDrop,
  AmendDrop,
  CancelDrop,
  GetDrop,
  PlaceOrder,
  GetOrder,
  CancelOrder,
  RefundOrder,
  SettlePayment,
  GetOrderFilter,
]);
export type DropCommand = Plain<typeof DropCommand>;

/** What each command is answered with. */
export interface CommandAnswers {
  'create-drop': DropView;
  'amend-drop': DropView;
  'cancel-drop': DropView;
  'get-drop': DropView;
  'place-order': PlacedOrder;
  'get-order': OrderView;
  'cancel-order': OrderView;
  'refund-order': OrderView;
  'settle-payment': OrderView;
  'get-order-filter': OrderFilter;
}
export type CommandAnswer = CommandAnswers[keyof CommandAnswers];
export type CommandReply = Outcome<CommandAnswer>;
export type ReplyTo<C extends DropCommand> = Outcome<CommandAnswers[C['type']]>;
