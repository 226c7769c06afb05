// A drop as the rules say, made from its events without any code of the product: it counts units
// by adding up orders, and knows which change of an order may follow which. What breaks a rule is
// a finding, one sentence.

import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropStatus, DropTerms, DropView } from '../../contracts/drops.ts';
import type { OrderStatus, OrderView } from '../../contracts/orders.ts';
import type { OrderNotificationType } from '../../contracts/notifications.ts';
import { passFinding } from './passes.ts';

export interface ModelOrder {
  readonly id: string;
  readonly userId: string;
  readonly key: string;
  readonly quantity: number;
  readonly createdAt: number;
  /** The number of its pass; null without one. */
  readonly pass: number | null;
  status: OrderStatus;
  refundRequested: boolean;
  /** By refunds in parts, and what came after them. */
  refundedAmount: number;
  refundedQuantity: number;
  reference: string | null;
  /** Of the drop, at the order's last change. */
  version: number;
}

/** What the buyer of an order is to be told, once. */
export interface ExpectedNotification {
  readonly userId: string;
  readonly orderId: string;
  readonly type: OrderNotificationType;
}

interface Change {
  readonly from: readonly OrderStatus[];
  readonly to: OrderStatus | null;
  readonly notification: OrderNotificationType | null;
}

const CHANGES: Partial<Record<DropEvent['type'], Change>> = {
  'order-confirmed': { from: ['reserved'], to: 'confirmed', notification: 'order.confirmed' },
  'order-confirmed-late': {
    from: ['expired', 'failed'],
    to: 'confirmed',
    notification: 'order.confirmed',
  },
  'order-failed': { from: ['reserved'], to: 'failed', notification: 'order.failed' },
  'order-expired': { from: ['reserved'], to: 'expired', notification: 'order.expired' },
  'order-cancelled': { from: ['reserved'], to: 'cancelled', notification: 'order.cancelled' },
  'order-refunded': { from: ['confirmed'], to: 'refunded', notification: 'order.refunded' },
  'order-part-refunded': {
    from: ['confirmed'],
    to: null,
    notification: 'order.partially_refunded',
  },
  'order-rest-refunded': { from: ['confirmed'], to: 'refunded', notification: 'order.refunded' },
  'payment-declined': { from: ['reserved'], to: null, notification: null },
  'refund-requested': {
    from: ['failed', 'cancelled', 'expired', 'refunded'],
    to: null,
    notification: null,
  },
};

export class DropModel {
  readonly id: string;
  readonly terms: DropTerms;
  readonly createdAt: number;
  readonly orders: ModelOrder[] = [];
  readonly notifications: ExpectedNotification[] = [];
  /** What the provider is asked to pay back, in all, by order. */
  readonly refunds = new Map<string, number>();
  readonly #answered = new Set<string>();
  readonly findings: string[] = [];
  startsAt: number;
  endsAt: number;
  limitPerUser: number;
  stocked: number;
  /** While the drop is paused. */
  pause: { at: number; version: number; holds: boolean; reason: string | null } | null = null;
  /** From, and to a moment, while no hold ran; the last may last. */
  readonly #stops: { from: number; to: number | null }[] = [];
  status: DropStatus = 'upcoming';
  version = 1;
  revision = 1;
  /** Of the last change that was not about an order. */
  termsVersion = 1;

  constructor(event: DropEvent & { type: 'drop-created' }, time: number) {
    this.id = event.terms.id;
    this.terms = event.terms;
    this.createdAt = time;
    this.startsAt = event.terms.startsAt;
    this.endsAt = event.terms.endsAt;
    this.limitPerUser = event.terms.limitPerUser;
    this.stocked = event.stock;
  }

  get held(): number {
    return this.#units('reserved');
  }
  get sold(): number {
    return this.#units('confirmed');
  }
  get free(): number {
    return this.stocked - this.held - this.sold;
  }
  get isOver(): boolean {
    return this.status === 'ended' || this.status === 'cancelled';
  }
  /** How long before the start orders with a pass are taken. */
  get earlyMs(): number {
    return (this.terms.earlyAccessSeconds ?? 0) * 1000;
  }
  get holdMs(): number {
    return this.terms.holdSeconds * 1000;
  }

  /** Units that the user holds or bought (O6). */
  unitsOf(userId: string): number {
    let units = 0;
    for (const order of this.orders) {
      const counts = order.status === 'reserved' || order.status === 'confirmed';
      if (order.userId === userId && counts) units += unitsOf(order);
    }
    return units;
  }

  /** When the hold of an order ends; `lasting` where holds do not run until now. */
  holdEnd({ createdAt }: ModelOrder, lasting = Infinity): number {
    let [at, leftMs] = [createdAt, this.holdMs];
    for (const { from, to } of this.#stops) {
      const ranMs = Math.max(0, from - at);
      if (ranMs >= leftMs) break;
      leftMs -= ranMs;
      at = Math.max(at, to ?? Math.max(lasting, from));
    }
    return at + leftMs;
  }

  orderUnder(userId: string, key: string): ModelOrder | undefined {
    return this.orders.find((order) => order.userId === userId && order.key === key);
  }

  find(orderId: string): ModelOrder | undefined {
    return this.orders.find(({ id }) => id === orderId);
  }

  apply(event: DropEvent, time: number): void {
    this.version += 1;
    if (event.type === 'order-placed') this.#place(event, time);
    else if ('ordinal' in event) this.#change(event, time);
    else this.#changeDrop(event, time);
    for (const number of new Set(this.orders.map(({ pass }) => pass))) {
      const finding = number === null ? null : passFinding(this.orders, number);
      if (finding !== null) this.#find(finding);
    }
    if (this.held + this.sold > this.stocked)
      this.#find(`S1: ${this.held} held and ${this.sold} sold of ${this.stocked}`);
  }

  view(): DropView {
    const { id, terms, held, sold, free } = this;
    const { productId, creatorId, unitAmount, currency, holdSeconds, payment } = terms;
    return {
      id,
      productId,
      creatorId,
      unitAmount,
      currency,
      holdSeconds,
      payment,
      startsAt: this.startsAt,
      endsAt: this.endsAt,
      limitPerUser: this.limitPerUser,
      status: this.status,
      soldOut: free === 0,
      stocked: this.stocked,
      held,
      sold,
      free,
      version: this.version,
      revision: this.revision,
      createdAt: this.createdAt,
      ...(terms.access !== undefined && { access: terms.access }),
      ...(this.earlyMs > 0 && { earlyAccessSeconds: this.earlyMs / 1000 }),
      ...(this.pause !== null && {
        paused: true,
        pausedAt: this.pause.at,
        pausedVersion: this.pause.version,
        ...(this.pause.reason !== null && { pauseReason: this.pause.reason }),
        ...(this.pause.holds && { holdsPaused: true }),
      }),
    };
  }

  orderView(order: ModelOrder): OrderView {
    const { id, userId, quantity, status, createdAt, refundRequested, version } = order;
    const byProvider = this.terms.payment === 'provider';
    return {
      id,
      dropId: this.id,
      userId,
      quantity,
      status,
      totalAmount: quantity * this.terms.unitAmount,
      currency: this.terms.currency,
      createdAt,
      holdExpiresAt: byProvider ? this.holdEnd(order, -Infinity) : null,
      paymentReference: order.reference,
      refundRequested,
      version,
      ...(order.refundedAmount > 0 && { refundedAmount: order.refundedAmount }),
      ...(order.refundedQuantity > 0 && { refundedQuantity: order.refundedQuantity }),
    };
  }

  #units(status: OrderStatus): number {
    let units = 0;
    for (const order of this.orders) if (order.status === status) units += unitsOf(order);
    return units;
  }

  #place(event: DropEvent & { type: 'order-placed' }, time: number): void {
    const { userId, key, quantity, pass = null } = event;
    const id = `${this.id}-${this.orders.length.toString(36)}`;
    const isEarly =
      this.status === 'upcoming' && pass !== null && time >= this.startsAt - this.earlyMs;
    if ((this.status !== 'live' && !isEarly) || time >= this.endsAt)
      this.#find(`D2a: ${id} was placed while the drop was ${this.status}`);
    if (this.terms.access === 'pass' && pass === null) this.#find(`D9: ${id} has no pass`);
    if (this.pause !== null) this.#find(`D8: ${id} was placed in a pause`);
    if (this.orderUnder(userId, key) !== undefined) this.#find(`O3: ${userId} has ${key} twice`);
    if (this.unitsOf(userId) + quantity > this.limitPerUser)
      this.#find(`O6: ${userId} has more than ${this.limitPerUser} units`);
    const byProvider = this.terms.payment === 'provider';
    this.orders.push({
      id,
      userId,
      key,
      quantity,
      createdAt: time,
      pass,
      version: this.version,
      status: byProvider ? 'reserved' : 'confirmed',
      refundRequested: false,
      refundedAmount: 0,
      refundedQuantity: 0,
      reference: byProvider ? `pay_${id}` : null,
    });
    if (!byProvider) this.notifications.push({ userId, orderId: id, type: 'order.confirmed' });
  }

  #change(event: DropEvent & { readonly ordinal: number }, time: number): void {
    const order = this.orders[event.ordinal];
    const change = CHANGES[event.type];
    if (order === undefined || change === undefined)
      return this.#find(`there is no order ${event.ordinal} for ${event.type}`);
    const { id, userId, status } = order;
    if (!change.from.includes(status)) this.#find(`O7: ${event.type} of ${id}, which is ${status}`);
    if (event.type === 'order-expired' && time < this.holdEnd(order))
      this.#find(`O11: the hold of ${id} ended early`);
    order.status = change.to ?? (status === 'expired' ? 'failed' : status);
    order.version = this.version;
    if ('reference' in event && event.type !== 'payment-declined')
      order.reference = event.reference;
    let { notification } = change;
    if (event.type === 'refund-requested')
      notification = status === 'cancelled' ? 'order.cancelled' : 'order.failed';
    if (notification !== null) this.notifications.push({ userId, orderId: id, type: notification });
    this.#refund(order, event);
  }

  #refund(order: ModelOrder, event: DropEvent): void {
    const byProvider = this.terms.payment === 'provider';
    const total = order.quantity * this.terms.unitAmount;
    const isPart = event.type === 'order-part-refunded';
    const isAll = event.type === 'refund-requested' || event.type === 'order-refunded';
    order.refundRequested = byProvider && (isAll || event.type === 'order-rest-refunded');
    let amount = isAll ? total : 0;
    if (isPart || event.type === 'order-rest-refunded') {
      ({ amount } = event);
      order.refundedAmount += amount;
      order.refundedQuantity += event.quantity;
      if (!event.restock) this.stocked -= event.quantity;
      const isWhole = order.refundedAmount === total && order.refundedQuantity === order.quantity;
      if (isWhole === isPart) this.#find(`O12a: ${order.id} is refunded as ${event.type}`);
    }
    if (byProvider && amount > 0)
      this.refunds.set(order.id, (this.refunds.get(order.id) ?? 0) + amount);
  }

  #endPause(time: number): void {
    this.pause = null;
    const last = this.#stops.at(-1);
    if (last?.to === null) last.to = time;
  }

  #changeDrop(event: DropEvent, time: number): void {
    this.termsVersion = this.version;
    switch (event.type) {
      case 'drop-opened':
        if (this.status !== 'upcoming' || time < this.startsAt) this.#find('D2: it opened early');
        this.status = 'live';
        break;
      case 'drop-closed':
        if (this.status !== 'live' || time < this.endsAt) this.#find('D2: it closed early');
        this.status = 'ended';
        this.#endPause(time);
        break;
      case 'drop-cancelled':
        if (this.status === 'cancelled') this.#find('D3: it was cancelled twice');
        this.status = 'cancelled';
        this.revision += 1;
        this.#endPause(time);
        break;
      case 'drop-paused':
        if (this.pause !== null || this.isOver) this.#find('D8: it was paused twice, or over');
        this.pause = {
          at: time,
          version: this.version,
          holds: event.extendHolds,
          reason: event.reason,
        };
        if (event.extendHolds) this.#stops.push({ from: time, to: null });
        this.revision += 1;
        break;
      case 'drop-resumed':
        if (this.pause === null) this.#find('D8: it went on without a pause');
        this.#endPause(time);
        this.revision += 1;
        break;
      case 'drop-amended':
        ({ startsAt: this.startsAt, endsAt: this.endsAt } = event);
        this.limitPerUser = event.limitPerUser;
        this.revision += 1;
        break;
      case 'drop-restocked':
        this.stocked += event.units;
        this.revision += 1;
        break;
      case 'request-answered':
        if (this.#answered.has(event.id)) this.#find(`H11: ${event.id} was done again`);
        this.#answered.add(event.id);
        break;
      default:
        this.#find(`${event.type} in a drop that exists`);
    }
  }

  #find(finding: string): void {
    this.findings.push(`${this.id} at version ${this.version}: ${finding}`);
  }
}

/** Without those that the buyer gave back. */
function unitsOf({ quantity, refundedQuantity }: ModelOrder): number {
  return quantity - refundedQuantity;
}
