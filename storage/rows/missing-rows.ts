// Computes the rows that a journal requires in order lists and feeds, and which of them are
// missing: `ReadModels.restore` verifies and repairs the read models with it. Rows are compared by
// their contents, never by their sequence, so a second rebuild adds no rows.

import type { OrderView } from '../../contracts/orders.ts';
import type { NewNotification, OrderNotificationType } from '../../contracts/notifications.ts';
import type { OrderChanges } from '../ports/read-models.ts';

/** A notification of an order that the feed must contain. */
export interface ExpectedNotification {
  readonly order: OrderView;
  readonly type: OrderNotificationType;
  readonly refundRequested: boolean;
  readonly at: number;
}

/** The rows that one user must have. */
export interface ExpectedRows {
  readonly orders: Map<string, OrderView>;
  /** In the order of the events. */
  readonly notifications: ExpectedNotification[];
}

/** The rows that one user has. */
export interface PresentRows {
  /** The newest listed version of the order; 0 for none. */
  readonly versionOf: (order: OrderView) => number;
  readonly hasNotification: (notification: ExpectedNotification) => boolean;
}

export interface MissingRows {
  readonly orders: readonly OrderView[];
  readonly notifications: readonly ExpectedNotification[];
}

/** Rows compared without a pause: about a millisecond. */
export const ROWS_AT_ONCE = 2048;

/** Lets other work run between two slices of a long comparison. */
export function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function expectedByUser(
  changes: readonly OrderChanges[],
): Promise<Map<string, ExpectedRows>> {
  const users = new Map<string, ExpectedRows>();
  let sliceRows = 0;
  for (const { time, rows } of changes) {
    sliceRows += rows.length;
    if (sliceRows > ROWS_AT_ONCE) {
      await turnOfOthers();
      sliceRows = rows.length;
    }
    for (const { order, notificationType, refundRequested } of rows) {
      let expected = users.get(order.userId);
      if (expected === undefined) {
        expected = { orders: new Map(), notifications: [] };
        users.set(order.userId, expected);
      }
      expected.orders.set(order.id, order);
      if (notificationType !== null)
        expected.notifications.push({ order, type: notificationType, refundRequested, at: time });
    }
  }
  return users;
}

export function missingOf(expected: ExpectedRows, present: PresentRows): MissingRows {
  return {
    orders: [...expected.orders.values()].filter(
      (order) => present.versionOf(order) < order.version,
    ),
    notifications: expected.notifications.filter((one) => !present.hasNotification(one)),
  };
}

/** Unique among a user's notifications: an order has one of each type at one time. */
export function notificationName({
  order,
  type,
  refundRequested,
  at,
}: ExpectedNotification): string {
  return nameOf(order.id, type, refundRequested, at);
}

/** `notificationName` of a stored notification. One without an order matches no expected one. */
export function storedNotificationName({ type, data, createdAt }: NewNotification): string {
  return nameOf(String(data['orderId']), type, data['refundRequested'] === true, createdAt);
}

function nameOf(orderId: string, type: string, refundRequested: boolean, at: number): string {
  return `${at} ${type} ${refundRequested} ${orderId}`;
}
