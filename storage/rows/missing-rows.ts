// Computes the rows that journals require in order lists and feeds, and which of them are
// missing: `ReadModels.restore` verifies and repairs the read models with it. Rows are compared by
// their contents, never by their sequence, so a second rebuild adds no rows.

import type { OrderView } from '../../contracts/orders.ts';
import type { NewNotification, OrderNotificationType } from '../../contracts/notifications.ts';
import type { Pause } from '../formats/steps.ts';
import type { ShardPosition } from '../ports/consumer-positions.ts';
import type { Missing, UserChange } from '../ports/read-models.ts';

/** An order that must be listed, in its newest version. */
export interface ExpectedOrder {
  /** Of its journal. */
  readonly shard: number;
  readonly order: OrderView;
}

/** A notification of an order that the feed must contain. */
export interface ExpectedNotification extends ExpectedOrder {
  /** The order as it stood at the event: what the notification tells of it. */
  readonly told: OrderView;
  readonly type: OrderNotificationType;
  readonly refundRequested: boolean;
  /** Time, sequence and index of its event: the order in which notifications were published. */
  readonly at: number;
  readonly sequence: number;
  readonly index: number;
}

/** The rows that one user must have. */
export interface ExpectedRows {
  /** By the order's id. */
  readonly orders: ReadonlyMap<string, ExpectedOrder>;
  /** In the order of their times. */
  readonly notifications: readonly ExpectedNotification[];
}

/** The rows that one user has. */
export interface PresentRows {
  /** The newest listed version of the order; 0 for none. */
  readonly versionOf: (order: OrderView) => number;
  readonly hasNotification: (notification: ExpectedNotification) => boolean;
}

export interface MissingRows {
  readonly orders: readonly ExpectedOrder[];
  readonly notifications: readonly ExpectedNotification[];
}

/** Rows compared without a pause: about a millisecond. */
export const ROWS_AT_ONCE = 2048;

/** `changes` has all changes of its users. */
export async function expectedByUser(
  changes: readonly UserChange[],
  pause: Pause,
): Promise<Map<string, ExpectedRows>> {
  const newest = new Map<string, ExpectedOrder>();
  for (const [i, { order, shard }] of changes.entries()) {
    const before = newest.get(order.id);
    if (before === undefined || order.version >= before.order.version)
      newest.set(order.id, { shard, order });
    if (i % ROWS_AT_ONCE === 0) await pause();
  }
  const users = new Map<
    string,
    { orders: Map<string, ExpectedOrder>; notifications: ExpectedNotification[] }
  >();
  for (const [i, change] of changes.entries()) {
    const { order, notificationType: type, refundRequested } = change;
    let expected = users.get(order.userId);
    if (expected === undefined) {
      expected = { orders: new Map(), notifications: [] };
      users.set(order.userId, expected);
    }
    const now = newest.get(order.id)!;
    expected.orders.set(order.id, now);
    if (type !== null) {
      const { time: at, sequence, index } = change;
      const told = order;
      expected.notifications.push({ ...now, told, type, refundRequested, at, sequence, index });
    }
    if (i % ROWS_AT_ONCE === 0) await pause();
  }
  // Changes of one journal after those of another. The sort is stable.
  for (const { notifications } of users.values()) notifications.sort((a, b) => a.at - b.at);
  return users;
}

/** The numbers of missing rows, by journal. */
export class MissingCounts {
  readonly #rows = new Map<number, { shard: number; orders: number; notifications: number }>();

  constructor(journals: readonly ShardPosition[]) {
    for (const { shard } of journals) this.#rows.set(shard, { shard, orders: 0, notifications: 0 });
  }

  add(name: 'orders' | 'notifications', shard: number, count = 1): void {
    this.#rows.get(shard)![name] += count;
  }

  all(): Missing[] {
    return [...this.#rows.values()];
  }
}

/** Whether the order in its newest version says all that the notification tells of it. */
export function tellsOfNewest({ order, told }: ExpectedNotification): boolean {
  return (
    order.refundedAmount === told.refundedAmount && order.refundedQuantity === told.refundedQuantity
  );
}

export function missingOf(expected: ExpectedRows, present: PresentRows): MissingRows {
  return {
    orders: [...expected.orders.values()].filter(
      ({ order }) => present.versionOf(order) < order.version,
    ),
    notifications: expected.notifications.filter((one) => !present.hasNotification(one)),
  };
}

/**
 * Unique among a user's notifications: an order has one of each type at one time, and of partial
 * refunds one for each standing of what is refunded.
 */
export function notificationName({
  told,
  type,
  refundRequested,
  at,
}: ExpectedNotification): string {
  const { id, refundedAmount, refundedQuantity } = told;
  return nameOf(id, type, refundRequested, at, refundedAmount, refundedQuantity);
}

/** `notificationName` of a stored notification. One without an order matches no expected one. */
export function storedNotificationName({ type, data, createdAt }: NewNotification): string {
  const { orderId, refundedAmount, refundedQuantity } = data;
  const refundRequested = data['refundRequested'] === true;
  const refunded = [Number(refundedAmount ?? 0), Number(refundedQuantity ?? 0)] as const;
  return nameOf(String(orderId), type, refundRequested, createdAt, ...refunded);
}

function nameOf(
  orderId: string,
  type: string,
  refundRequested: boolean,
  at: number,
  refundedAmount = 0,
  refundedQuantity = 0,
): string {
  return `${at} ${type} ${refundRequested} ${orderId} ${refundedAmount} ${refundedQuantity}`;
}
