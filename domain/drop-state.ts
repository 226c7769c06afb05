// The state of one drop in its actor's memory, and functions that read it. Only `applyEvent`
// (domain/apply.ts) changes the state.

import { type AnsweredRequest, AnsweredRequests } from './answered-requests.ts';
import { fnv1a, orderId, paymentReference } from './ids.ts';
import type { HoldStop } from './hold-stops.ts';
import { OrderHolds } from './order-holds.ts';
import { OrderTable } from './order-table.ts';
import { settledReference } from './order-payments.ts';
import { PassUses } from './pass-uses.ts';
import { refundedOf, returnedUnits } from './order-refunds.ts';
import { grownUint32, TextIndex } from './text-index.ts';
import { changedDescription, type Description } from './description.ts';
import type {
  DropAccess,
  DropStatus,
  DropTerms,
  DropView,
  PaymentMode,
} from '../contracts/drops.ts';
import type { OrderView } from '../contracts/orders.ts';

/** Without orders and users. */
const DROP_BYTES = 2048;
/** Orders that a search for one of a user's reads at most: some microseconds. */
const ORDERS_SEARCHED_MAX = 1024;
/** While a drop is paused. */
export interface SalePause {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly version: number;
  readonly extendsHolds: boolean;
  readonly reason: string | null;
}

export class DropState {
  readonly id: string;
  readonly productId: string;
  readonly creatorId: string;
  readonly currency: string;
  readonly holdSeconds: number;
  readonly payment: PaymentMode;
  /** 0: the provider prepares no payments. */
  readonly paymentPaceMs: number;
  readonly createdAt: number;
  unitAmount: number;
  startsAt: number;
  endsAt: number;
  limitPerUser: number;
  readonly unlisted: boolean;
  access: DropAccess;
  /** How long before the start orders with a pass are taken. */
  earlyAccessSeconds: number;
  description: Description;
  status: DropStatus = 'upcoming';
  pause: SalePause | null = null;
  /** Null where no pause has extended a hold. */
  holdStops: readonly HoldStop[] | null = null;
  stocked: number;
  held = 0;
  sold = 0;
  version = 0;
  /** Rises with each change that the creator or an operator makes (H12). */
  revision = 1;
  readonly orders = new OrderTable();
  readonly holds = new OrderHolds(this);
  readonly users = new TextIndex();
  /** Units that each user holds or bought (O6), by the user's ordinal. */
  userUnits: Uint32Array = new Uint32Array(16);
  /** The ordinal of the last order that each user with units got, by the user's ordinal. */
  userOrders: Uint32Array = new Uint32Array(16);
  /** In a cancelled drop: orders before this ordinal were cancelled or refunded. */
  sweepCursor = 0;
  /** Null until the first request with an Idempotency-Key. */
  answered: AnsweredRequests | null = null;
  /** Null until the first order with a pass. */
  passUses: PassUses | null = null;

  constructor(terms: DropTerms, stock: number, createdAt: number) {
    this.id = terms.id;
    this.productId = terms.productId;
    this.creatorId = terms.creatorId;
    this.startsAt = terms.startsAt;
    this.endsAt = terms.endsAt;
    this.unitAmount = terms.unitAmount;
    this.currency = terms.currency;
    this.limitPerUser = terms.limitPerUser;
    this.holdSeconds = terms.holdSeconds;
    this.payment = terms.payment;
    this.unlisted = terms.unlisted ?? false;
    this.access = terms.access ?? 'public';
    this.earlyAccessSeconds = terms.earlyAccessSeconds ?? 0;
    this.description = changedDescription({}, terms);
    this.paymentPaceMs = terms.paymentPaceMs ?? 0;
    this.stocked = stock;
    this.createdAt = createdAt;
  }

  get free(): number {
    return this.stocked - this.held - this.sold;
  }

  /** Whether a provider is paid for the orders (P5): if not, they are confirmed at once. */
  get isPaidFor(): boolean {
    return this.payment === 'provider' && this.unitAmount > 0;
  }

  get holdMs(): number {
    return this.holdSeconds * 1000;
  }

  /** From when on orders with a pass are taken, in milliseconds since the Unix epoch. */
  get opensAt(): number {
    return this.startsAt - this.earlyAccessSeconds * 1000;
  }

  /** Whether orders are or were taken: of those with a pass, before the start. */
  hasBegun(now: number): boolean {
    return this.status !== 'upcoming' || (this.earlyAccessSeconds > 0 && now >= this.opensAt);
  }

  /** What the drop takes in memory, about. */
  get memoryBytes(): number {
    const { orders, users, userUnits, userOrders } = this;
    const perUser = userUnits.byteLength + userOrders.byteLength;
    const rareBytes = (this.answered?.memoryBytes ?? 0) + (this.passUses?.memoryBytes ?? 0);
    return DROP_BYTES + users.memoryBytes + orders.memoryBytes + perUser + rareBytes;
  }

  /** The ordinal of a user, or -1. */
  findUser(userId: string): number {
    return this.users.find(0, userId, 0);
  }

  /** The ordinal of the order that a user placed under a key, or -1. */
  findOrder(userId: string, key: string): number {
    const user = this.findUser(userId);
    return user < 0 ? -1 : this.orders.find(user, fnv1a(userId), key);
  }

  /** The ordinal of a user; adds a user without one. */
  userOrdinal(userId: string): number {
    const found = this.findUser(userId);
    if (found >= 0) return found;
    const ordinal = this.users.add(0, userId, 0);
    if (ordinal === this.userUnits.length) {
      this.userUnits = grownUint32(this.userUnits, ordinal * 2);
      this.userOrders = grownUint32(this.userOrders, ordinal * 2);
    }
    return ordinal;
  }

  /**
   * An order of the user that has units, held or bought, or -1. It is nearly always the user's last
   * one. Where that has lost its units, the orders of all users before it are searched, a bounded
   * number of them, and -1 may be wrong.
   */
  findOrderWithUnits(user: number): number {
    if (this.userUnits[user] === 0) return -1;
    const last = this.userOrders[user]!;
    for (let ordinal = last; ordinal >= 0 && last - ordinal < ORDERS_SEARCHED_MAX; ordinal--)
      if (this.orders.user(ordinal) === user && this.#hasUnits(ordinal)) return ordinal;
    return -1;
  }

  #hasUnits(ordinal: number): boolean {
    const { orders } = this;
    return (
      orders.hasUnits(ordinal) && orders.quantity(ordinal) > returnedUnits(orders.payments(ordinal))
    );
  }

  /** The earliest time at which the drop changes by itself; Infinity: never. */
  nextDeadline(): number {
    return Math.min(this.nextStatusDeadline(), this.nextOrderDeadline());
  }

  /** When the drop opens or closes next; Infinity: never. */
  nextStatusDeadline(): number {
    if (this.status === 'upcoming') return this.startsAt;
    return this.status === 'live' ? this.endsAt : Infinity;
  }

  /** When an order changes next by itself: 0 while a cancellation has a rest; Infinity: never. */
  nextOrderDeadline(): number {
    if (this.status === 'cancelled') return this.sweepCursor < this.orders.size ? 0 : Infinity;
    return this.held > 0 ? this.holds.firstDeadline() : Infinity;
  }

  /** Whether the drop has ended by `now`, or is cancelled: its closing event may be late. */
  isOverAt(now: number): boolean {
    return this.status === 'ended' || this.status === 'cancelled' || now >= this.endsAt;
  }

  /** True if the drop changes no more by itself and accepts no more orders. */
  get isOver(): boolean {
    return (
      (this.status === 'ended' || this.status === 'cancelled') && this.nextDeadline() === Infinity
    );
  }

  /** Stores an answer that was given at `at`, in milliseconds (H11). */
  addAnswered(request: AnsweredRequest): void {
    this.answered ??= new AnsweredRequests();
    this.answered.add(request);
  }

  /** Adds stored requests, the first of which has the number `from`, to those before them. */
  restoreAnswered(from: number, requests: readonly AnsweredRequest[]): void {
    this.answered ??= new AnsweredRequests();
    this.answered.restore(from, requests);
  }

  /** An order got units with the pass of this number; negative: it lost them. */
  usePass(pass: number, units: number): void {
    this.passUses ??= new PassUses();
    this.passUses.add(pass, units);
  }

  /** What an order costs, in the currency's minor unit. */
  totalOf(ordinal: number): number {
    return this.orders.quantity(ordinal) * this.unitAmount;
  }

  /** A refund of everything at once is told by the status alone. */
  #withRefunds(ordinal: number, view: OrderView): OrderView {
    if (view.status !== 'confirmed' && view.status !== 'refunded') return view;
    const { amount, quantity, parts } = refundedOf(this, ordinal);
    if (amount === 0 && parts === 0) return view;
    const isWhole = view.status === 'refunded';
    const refundedAmount = isWhole ? view.totalAmount : amount;
    const refundedQuantity = isWhole ? view.quantity : quantity;
    return {
      ...view,
      ...(refundedAmount > 0 && { refundedAmount }),
      ...(refundedQuantity > 0 && { refundedQuantity }),
    };
  }

  view(): DropView {
    return {
      id: this.id,
      productId: this.productId,
      creatorId: this.creatorId,
      startsAt: this.startsAt,
      endsAt: this.endsAt,
      unitAmount: this.unitAmount,
      currency: this.currency,
      limitPerUser: this.limitPerUser,
      holdSeconds: this.holdSeconds,
      payment: this.payment,
      status: this.status,
      soldOut: this.free === 0,
      stocked: this.stocked,
      held: this.held,
      sold: this.sold,
      free: this.free,
      version: this.version,
      revision: this.revision,
      createdAt: this.createdAt,
      ...accessOf(this),
      ...(this.pause !== null && pauseView(this.pause)),
      ...this.description,
    };
  }

  /** A known `userId` saves decoding it from bytes. */
  orderView(ordinal: number, userId = this.users.textOf(this.orders.user(ordinal))): OrderView {
    const orders = this.orders;
    const id = orderId(this.id, ordinal);
    const payments = orders.payments(ordinal);
    const byProvider =
      this.isPaidFor || (this.payment === 'provider' && orders.isReserved(ordinal));
    const view: OrderView = {
      id,
      dropId: this.id,
      userId,
      quantity: orders.quantity(ordinal),
      status: orders.status(ordinal),
      totalAmount: this.totalOf(ordinal),
      currency: this.currency,
      createdAt: orders.createdAt(ordinal),
      // While holds do not run, at the earliest.
      holdExpiresAt: byProvider ? this.holds.earliestEnd(ordinal) : null,
      paymentReference: byProvider ? (settledReference(payments) ?? paymentReference(id)) : null,
      refundRequested: this.isPaidFor && orders.refundRequested(ordinal),
      version: orders.version(ordinal),
    };
    const metadata = orders.metadata(ordinal);
    const described = metadata === undefined ? view : { ...view, metadata };
    const whole: OrderView = orders.hasDetails(ordinal)
      ? { ...described, hasDetails: true }
      : described;
    return payments?.includes('\n') === true ? this.#withRefunds(ordinal, whole) : whole;
  }
}

/**
 * What of terms, views and snapshots says who may buy and who is told of it; nothing of a drop for
 * everybody.
 */
export function accessOf({
  access,
  earlyAccessSeconds = 0,
  unlisted = false,
}: {
  readonly access?: DropAccess;
  readonly earlyAccessSeconds?: number;
  readonly unlisted?: boolean;
}): Pick<DropTerms, 'access' | 'earlyAccessSeconds' | 'unlisted'> {
  return {
    ...(access === 'pass' && { access }),
    ...(earlyAccessSeconds > 0 && { earlyAccessSeconds }),
    ...(unlisted && { unlisted }),
  };
}

/** What of a pause is shown with its drop. */
function pauseView({ at, version, extendsHolds, reason }: SalePause) {
  return {
    paused: true as const,
    pausedAt: at,
    pausedVersion: version,
    ...(reason !== null && { pauseReason: reason }),
    ...(extendsHolds && { holdsPaused: true as const }),
  };
}
