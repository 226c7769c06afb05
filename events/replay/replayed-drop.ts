// A drop in a replay. The same events and rules change it as a shard's drop (domain/apply.ts),
// without the parts that only decisions need (users by id, orders by key).

import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropStatus, DropTerms } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { applyEvent } from '../../domain/apply.ts';
import { assert } from '../../domain/assert.ts';
import { accessOf, DropState, type SalePause } from '../../domain/drop-state.ts';
import type { HoldStop } from '../../domain/hold-stops.ts';
import { type FindPage, PagedOrders } from './order-pages.ts';

/** Two hashes, each of what came before and of one more. */
export type Chain = readonly [number, number];

/** A drop without its orders. */
export interface DropHead {
  readonly terms: DropTerms;
  readonly createdAt: number;
  readonly status: DropStatus;
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
  readonly version: number;
  readonly revision: number;
  readonly pause: SalePause | null;
  readonly holdStops: readonly HoldStop[] | null;
  readonly sweepCursor: number;
  readonly orders: number;
  /** As `ReplayedDrop.placed`. */
  readonly placed: Chain | null;
}

export class ReplayedDrop extends DropState {
  override readonly orders: PagedOrders;
  /** The ordinal of its last use. */
  usedAt = 0;
  /** What never changes of its orders; null where nobody computes it (`events/verify/`). */
  placed: Chain | null;

  constructor(head: DropHead, find: FindPage) {
    super(head.terms, head.stocked, head.createdAt);
    this.status = head.status;
    this.held = head.held;
    this.sold = head.sold;
    this.version = head.version;
    this.revision = head.revision;
    this.pause = head.pause;
    this.holdStops = head.holdStops;
    this.sweepCursor = head.sweepCursor;
    this.placed = head.placed;
    this.orders = new PagedOrders({ find, size: head.orders });
  }

  /** Applies an event of the time `time` (milliseconds). Errors: InvariantError. */
  apply(event: DropEvent, time: number): void {
    applyEvent(this, event, time);
    if (event.type === 'order-placed') this.orders.setUserId(this.orders.size - 1, event.userId);
  }

  /** Copies one order of the same drop from a shard's state. To be called in the orders' order. */
  adoptOrder(from: DropState, ordinal: number): void {
    const { orders } = from;
    const payments = orders.payments(ordinal);
    const version = orders.version(ordinal);
    const order = {
      quantity: orders.quantity(ordinal),
      createdAt: orders.createdAt(ordinal),
      status: orders.status(ordinal),
      version,
    };
    this.orders.add(0, 0, '', order, orders.metadata(ordinal));
    this.orders.setUserId(ordinal, from.users.textOf(orders.user(ordinal)));
    if (orders.hasDetails(ordinal)) this.orders.addDetails(ordinal);
    if (orders.refundRequested(ordinal))
      this.orders.change(ordinal, orders.status(ordinal), true, version);
    if (payments !== undefined) this.orders.setPayments(ordinal, payments);
  }

  /** All users have the same ordinal: a replay does not check limits by user. */
  override userOrdinal(): number {
    return 0;
  }

  /** A replay answers no requests. */
  override addAnswered(): void {}

  /** A replay places no orders of its own. */
  override usePass(): void {}

  override orderView(ordinal: number, userId = this.orders.userId(ordinal)): OrderView {
    return super.orderView(ordinal, userId);
  }
}

/** The head of the drop in a `drop-created` event. */
export function createdHead(event: DropEvent, time: number): DropHead {
  assert(event.type === 'drop-created', `a drop begins with drop-created, not ${event.type}`);
  return {
    terms: event.terms,
    createdAt: time,
    status: 'upcoming',
    stocked: event.stock,
    held: 0,
    sold: 0,
    version: 1,
    revision: event.revision ?? 1,
    pause: null,
    holdStops: null,
    sweepCursor: 0,
    orders: 0,
    placed: null,
  };
}

export function headOf(state: DropState, placed: Chain | null = null): DropHead {
  const { createdAt, status, stocked, held, sold, version, revision, sweepCursor, orders } = state;
  const { pause, holdStops } = state;
  const head = {
    createdAt,
    status,
    stocked,
    held,
    sold,
    version,
    revision,
    sweepCursor,
    pause,
    holdStops,
  };
  return { terms: termsOf(state), ...head, orders: orders.size, placed };
}

function termsOf(state: DropState): DropTerms {
  return {
    id: state.id,
    productId: state.productId,
    creatorId: state.creatorId,
    startsAt: state.startsAt,
    endsAt: state.endsAt,
    unitAmount: state.unitAmount,
    currency: state.currency,
    limitPerUser: state.limitPerUser,
    holdSeconds: state.holdSeconds,
    payment: state.payment,
    ...accessOf(state),
    ...state.description,
    ...(state.paymentPaceMs > 0 && { paymentPaceMs: state.paymentPaceMs }),
  };
}
