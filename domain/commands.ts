// The commands a drop's actor takes and the answers it gives. Plain data: they cross the network between gateway and owner.

import type { Outcome } from './refusal.ts';
import type { DropTerms, DropView, OrderView } from './views.ts';

/** Who asks, for the commands that only some may give. */
export interface Caller {
  readonly userId: string;
  readonly operator: boolean;
}

export interface CreateDrop {
  readonly type: 'create-drop';
  readonly dropId: string;
  readonly terms: DropTerms;
  readonly stock: number;
}
export interface AmendDrop {
  readonly type: 'amend-drop';
  readonly dropId: string;
  readonly caller: Caller;
  readonly startsAt?: number;
  readonly endsAt?: number;
  readonly limitPerUser?: number;
  /** Units to add; negative takes away, down to held + sold (S4). */
  readonly addStock?: number;
}
export interface CancelDrop {
  readonly type: 'cancel-drop';
  readonly dropId: string;
  readonly caller: Caller;
}
export interface GetDrop {
  readonly type: 'get-drop';
  readonly dropId: string;
}
export interface PlaceOrder {
  readonly type: 'place-order';
  readonly dropId: string;
  readonly userId: string;
  /** The Idempotency-Key: 1 to 255 visible ASCII characters. */
  readonly key: string;
  readonly quantity: number;
}
export interface GetOrder {
  readonly type: 'get-order';
  readonly dropId: string;
  readonly orderId: string;
  readonly userId: string;
}
export interface CancelOrder {
  readonly type: 'cancel-order';
  readonly dropId: string;
  readonly orderId: string;
  readonly caller: Caller;
}
export interface RefundOrder {
  readonly type: 'refund-order';
  readonly dropId: string;
  readonly orderId: string;
  readonly caller: Caller;
}
export interface SettlePayment {
  readonly type: 'settle-payment';
  readonly dropId: string;
  readonly orderId: string;
  readonly succeeded: boolean;
  /** The provider's reference for the payment, 1 to 255 visible ASCII characters. */
  readonly reference: string;
}
/** Which orders a durably sold-out drop has, for the gateway's own sold-out answers (H7): see `domain/order-filter.ts`. */
export interface GetOrderFilter {
  readonly type: 'get-order-filter';
  readonly dropId: string;
}

export type DropCommand =
  | CreateDrop
  | AmendDrop
  | CancelDrop
  | GetDrop
  | PlaceOrder
  | GetOrder
  | CancelOrder
  | RefundOrder
  | SettlePayment
  | GetOrderFilter;

/** An order, and whether it is an earlier one given again for the same key (O3). */
export interface PlacedOrder {
  readonly order: OrderView;
  readonly replayed: boolean;
}
export interface OrderFilter {
  readonly version: number;
  /** A bit for each fingerprint modulo the number of bits, which is a power of two. */
  readonly bitmap: Uint8Array;
}

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
