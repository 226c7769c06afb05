// What readers see of drops and orders: plain data, safe to send to another process, never live state. Times are milliseconds
// since the Unix epoch, money is integer minor units.

export type DropStatus = 'upcoming' | 'live' | 'ended' | 'cancelled';
export type PaymentMode = 'instant' | 'provider';
export type OrderStatus =
  | 'reserved'
  | 'confirmed'
  | 'failed'
  | 'cancelled'
  | 'expired'
  | 'refunded';

/** What a creator decides about a drop. */
export interface DropTerms {
  readonly id: string;
  readonly productId: string;
  readonly creatorId: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly priceCents: number;
  /** ISO 4217. */
  readonly currency: string;
  readonly limitPerUser: number;
  readonly holdSeconds: number;
  readonly payment: PaymentMode;
}

/** A drop as of one version: `free = stocked - held - sold` always. */
export interface DropView extends DropTerms {
  readonly status: DropStatus;
  /** No unit is free. A flag beside the status, not a status. */
  readonly soldOut: boolean;
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
  readonly free: number;
  /** How many events the drop has applied. */
  readonly version: number;
  readonly createdAt: number;
}

export interface OrderView {
  /** Carries the drop: see `domain/ids.ts`. */
  readonly id: string;
  readonly dropId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly status: OrderStatus;
  readonly totalCents: number;
  readonly currency: string;
  readonly createdAt: number;
  /** End of the hold; null where nothing is or was held. */
  readonly holdExpiresAt: number | null;
  /** The provider's reference; null for instant payment. */
  readonly paymentReference: string | null;
  readonly refundRequested: boolean;
  /** The drop's version at this order's last change. */
  readonly version: number;
}
